// How many logs there are over time, by level. Levels stand on one another with the gravest at the bottom, where lengths
// compare best; a drag zooms, and the legend takes levels out.
import { Bucket } from "../../api/counts";
import { hub } from "../../api/hub-state";
import { Level, levels } from "../../api/types";
import { spanMs } from "../../pages/range";
import { View, currentView, sameLogs, usualRange } from "../../pages/view";
import { h, icon, setText, show } from "../dom";
import { fullNumber, lengthText, share, stretchText } from "../format";
import { levelMark } from "../level-mark";
import { CentreCard, otherTimes } from "./centre-card";
import { levelFill } from "./chart-theme";
import { axisFigure } from "./number-text";
import { RangeCounts, rangeCounts } from "./range-counts";
import { TimeChart } from "./time-chart";
import { showTime, widen } from "./zoom";

const gravestFirst: readonly Level[] = [...levels].reverse();

interface LegendEntry {
  button: HTMLButtonElement;
  count: HTMLElement;
}

class VolumeCard extends CentreCard {
  private readonly chart = new TimeChart();
  private readonly legend = new Map<Level, LegendEntry>();
  private readonly hiddenLevels = new Set<Level>();
  private readonly interval = h("span", { class: "card-fact" });
  private readonly out = h("button", { type: "button", class: "small-button", title: "Show twice as much time", hidden: true },
    icon("M7 2.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 1 0 0-9M10.3 10.3L14 14M5 7h4"), "Zoom out");
  private readonly table = h("details", { class: "as-table" }, h("summary", {}, "As a table"));
  private readonly rows = h("tbody");
  private counts: RangeCounts | null = null;
  private end: () => void = () => undefined;

  constructor() {
    super({ key: "volume", title: "Logs over time" });
  }

  protected build(): void {
    const list = h("ul", { class: "levels" });
    for (const level of gravestFirst) {
      const entry = { count: h("span", { class: "level-count" }), button: h("button", { type: "button", class: "level-toggle", "aria-pressed": "true" }) };
      entry.button.append(levelMark(level), h("span", { class: "level-name" }, level), entry.count);
      entry.button.title = `Show or hide ${level}`;
      entry.button.addEventListener("click", () => this.toggle(level));
      this.legend.set(level, entry);
      list.append(h("li", {}, entry.button));
    }
    this.aside.append(this.interval, this.out);
    this.out.addEventListener("click", () => widen(currentView(), hub.snapshot?.stats.retentionHours ?? 48));
    this.chart.addEventListener("brush", (event) => {
      const { from, to } = (event as CustomEvent<{ from: number; to: number }>).detail;
      showTime(from, to);
    });
    const head = h("tr", {}, h("th", { scope: "col" }, "Time"), ...gravestFirst.map((level) => h("th", { scope: "col", class: "number" }, level)), h("th", { scope: "col", class: "number" }, "all"));
    this.table.append(h("div", { class: "table-scroller", tabindex: "0", role: "group", "aria-label": "Logs over time, as a table" }, h("table", { class: "plain-table" }, h("thead", {}, head), this.rows)));
    this.table.addEventListener("toggle", () => this.fillTable());
    this.body.append(this.chart, list, this.table);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.end = rangeCounts.subscribe({
      asking: () => this.loading(),
      counted: (counts) => {
        this.counts = counts;
        this.draw();
        this.ready(counts.partial ? "Redis does not answer: only what the hub's memory holds is counted." : "");
      },
      failed: (error) => this.failed(error),
    });
  }

  protected override leave(): void {
    this.end();
  }

  protected follow(view: View, before: View | null): void {
    show(this.out, view.until !== null || spanMs(view.since) === null || (view.since !== usualRange && view.since !== "48h"));
    if (before !== null && sameLogs(view, before) && otherTimes(view, before)) this.draw();
  }

  protected again(): void {
    rangeCounts.again();
  }

  protected override foldChanged(): void {
    this.draw();
  }

  private toggle(level: Level): void {
    if (!this.hiddenLevels.delete(level)) this.hiddenLevels.add(level);
    this.legend.get(level)?.button.setAttribute("aria-pressed", String(!this.hiddenLevels.has(level)));
    this.draw();
  }

  private draw(): void {
    const { counts } = this;
    if (counts === null || this.folded) return;
    const { buckets, intervalMs } = counts;
    for (const [level, entry] of this.legend) {
      setText(entry.count, fullNumber(counts.totals[level]));
      entry.count.title = share(counts.totals[level], counts.total);
    }
    setText(this.interval, `a bar is ${lengthText(intervalMs)}`);
    const partial = new Set<number>();
    buckets.forEach((bucket, index) => { if (isCut(bucket, counts)) partial.add(index); });
    const shown = gravestFirst.filter((level) => !this.hiddenLevels.has(level));
    this.chart.show({
      type: "bar",
      label: `Logs over time by level: ${fullNumber(counts.total)} in ${buckets.length} intervals of ${lengthText(intervalMs)}`,
      starts: buckets.map((bucket) => bucket.start),
      stepMs: intervalMs,
      partial,
      spans: [],
      datasets: () => shown.map((level) => ({
        type: "bar" as const, label: level, backgroundColor: levelFill(level), borderWidth: 0, barPercentage: 1, categoryPercentage: buckets.length > 140 ? 1 : 0.86,
        // A single error among thousands is to be seen, too.
        minBarLength: level === "error" || level === "critical" ? 2 : 0,
        // No bar where there is none, least of all one of the least length.
        data: buckets.map((bucket) => ({ x: bucket.start + intervalMs / 2, y: bucket.levels[level] || null })),
      })),
      tip: (index) => this.tip(buckets[index], partial.has(index)),
      axisFigure,
    });
    this.fillTable();
  }

  private tip(bucket: Bucket | undefined, cut: boolean): HTMLElement {
    const words = h("div", { class: "tip-words" });
    if (bucket === undefined || this.counts === null) return words;
    const { intervalMs, range, live } = this.counts;
    const over = live && bucket.start + intervalMs > range.to;
    words.append(h("p", { class: "tip-time" }, `${stretchText(bucket.start, bucket.start + intervalMs)}${!cut ? "" : over ? ", so far" : ", cut by the range"}`));
    for (const level of gravestFirst) {
      if (bucket.levels[level] > 0) words.append(h("p", { class: "tip-line" }, levelMark(level), h("span", { class: "tip-name" }, `${level} `), h("span", { class: "tip-figure" }, fullNumber(bucket.levels[level]))));
    }
    words.append(h("p", { class: "tip-line tip-sum" }, h("span", { class: "tip-name" }, bucket.count === 0 ? "no logs" : "all "), h("span", { class: "tip-figure" }, bucket.count === 0 ? "" : fullNumber(bucket.count))));
    return words;
  }

  /** Made only while it is open: most never open it. */
  private fillTable(): void {
    if (!this.table.open || this.counts === null) {
      this.rows.replaceChildren();
      return;
    }
    const { intervalMs, buckets } = this.counts;
    this.rows.replaceChildren(...[...buckets].reverse().map((bucket) => h("tr", {}, h("th", { scope: "row" }, stretchText(bucket.start, bucket.start + intervalMs)),
      ...gravestFirst.map((level) => h("td", { class: bucket.levels[level] === 0 ? "number zero" : "number" }, fullNumber(bucket.levels[level]))),
      h("td", { class: "number" }, fullNumber(bucket.count)))));
  }
}

/** Whether the range, or the present, cuts an interval. */
function isCut(bucket: Bucket, counts: RangeCounts): boolean {
  return bucket.start < counts.range.from - 1_000 || bucket.start + counts.intervalMs > counts.range.to + 1_000;
}

customElements.define("volume-card", VolumeCard);
