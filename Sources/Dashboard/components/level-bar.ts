// Counts by level: one bar, and a legend whose entries choose a lowest level.
import { Level, LevelCounts, levels, noCounts } from "../api/types";
import { h, setText } from "./dom";
import { fullNumber, share } from "./format";
import { levelMark } from "./level-mark";

interface Parts {
  segment: HTMLElement;
  button: HTMLElement;
  count: HTMLElement;
  share: HTMLElement;
}

/** Sends `pick` with a level. */
export class LevelBar extends HTMLElement {
  private readonly parts = new Map<Level, Parts>();

  connectedCallback(): void {
    if (this.childElementCount > 0) return;
    const bar = h("div", { class: "bar", "aria-hidden": "true" });
    const legend = h("ul", { class: "legend" });
    for (const level of [...levels].reverse()) {
      const parts: Parts = {
        segment: h("span", { class: `segment segment-${level}` }),
        count: h("span", { class: "legend-count" }),
        share: h("span", { class: "legend-share" }),
        button: h("button", { type: "button", class: "legend-entry", onclick: () => this.dispatchEvent(new CustomEvent("pick", { detail: level })) }),
      };
      parts.button.append(levelMark(level), h("span", { class: "legend-name" }, level), parts.count, parts.share);
      parts.button.title = `Show ${level} and above`;
      bar.append(parts.segment);
      legend.append(h("li", {}, parts.button));
      this.parts.set(level, parts);
    }
    this.append(bar, legend);
    this.counts = noCounts();
  }

  set counts(counts: LevelCounts) {
    const total = levels.reduce((sum, level) => sum + counts[level], 0);
    for (const [level, parts] of this.parts) {
      // Set by script, which the content security policy allows; a style in the markup it would not.
      parts.segment.style.flexGrow = String(counts[level]);
      parts.segment.classList.toggle("none", counts[level] === 0);
      setText(parts.count, fullNumber(counts[level]));
      setText(parts.share, share(counts[level], total));
    }
  }
}

customElements.define("level-bar", LevelBar);
