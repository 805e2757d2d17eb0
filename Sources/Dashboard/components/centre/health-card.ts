// What is wrong, within ten seconds: a verdict in words, and below it each trouble as a way to where more is seen.
import { HubError, Unreachable } from "../../api/client";
import { Agent, agents, lossOf } from "../../api/agents";
import { hub } from "../../api/hub-state";
import { Stats } from "../../api/types";
import { changeView, currentView, onView, sameLogs } from "../../pages/view";
import { h, icon, setText, show } from "../dom";
import { levelMark } from "../level-mark";
import { rangeWords } from "../range-words";
import { chosen } from "./group-path";
import { RangeCounts, rangeCounts } from "./range-counts";
import { LossWatch, noRise } from "./losses";
import { Refresher } from "./refresher";
import { Silence, SilenceWatch } from "./silences";
import { Losses, Mood, Trouble, judge } from "./verdict";

const pauseMs = 15_000;
const marks: Record<Mood, string> = { good: "\u2713", bad: "!", warn: "!", quiet: "\u00b7" };
const icons: Record<"hub" | "silent" | "agent", [string, string]> = {
  hub: ["hub", "M2 3h12v4H2zM2 9h12v4H2zM4.5 5h.01M4.5 11h.01"],
  silent: ["silence", "M2 8h3l1.5-4l2 8L10 8M11.5 6.5l3 3M14.5 6.5l-3 3"],
  agent: ["agent", "M3 4h10v8H3zM6 14h4M8 12v2M6 8h4"],
};

/** Both know more the longer they watch: they stay when another page is looked at meanwhile. */
const silenceWatch = new SilenceWatch();
const lossWatch = new LossWatch();

class HealthCard extends HTMLElement {
  private readonly mark = h("span", { class: "verdict-mark", "aria-hidden": "true" });
  private readonly text = h("p", { class: "verdict-text" });
  private readonly more = h("p", { class: "verdict-more" });
  private readonly troubles = h("ul", { class: "troubles" });
  private readonly rows = new Map<string, HTMLElement>();
  private readonly past = h("p", { class: "verdict-past", hidden: true });
  private readonly note = h("p", { class: "card-note-line wrong", role: "status", hidden: true });
  private counts: RangeCounts | null = null;
  private countedView = currentView();
  private uncounted = false;
  private agents: Agent[] = [];
  private silences: Silence[] = [];
  private endings: (() => void)[] = [];
  private readonly refresher = new Refresher((signal) => this.ask(signal), pauseMs, () => hub.snapshot !== null && this.offsetParent !== null, () => true);

  connectedCallback(): void {
    if (this.childElementCount === 0) {
      this.classList.add("card", "verdict");
      this.append(this.mark, h("div", { class: "verdict-words" }, h("div", { role: "status" }, this.text, this.more), this.note, this.troubles, this.past));
      setText(this.text, "Reading\u2026");
      this.show("quiet");
    }
    this.endings = [
      rangeCounts.subscribe({
        asking: () => this.classList.add("asking"),
        counted: (counts) => {
          this.counts = counts;
          this.countedView = currentView();
          this.uncounted = false;
          this.classList.remove("asking");
          show(this.note, false);
          this.judge();
        },
        failed: (error) => {
          // Other logs are meant than were counted: those counts would be a lie, not old.
          if (this.counts !== null && !sameLogs(this.countedView, currentView())) this.counts = null;
          this.uncounted = true;
          this.fail(error);
          this.judge();
        },
      }),
      hub.subscribe({ refreshed: () => { this.refresher.look(); this.judge(); } }),
      onView(() => this.judge()),
    ];
    this.refresher.start();
  }

  disconnectedCallback(): void {
    for (const end of this.endings) end();
    this.refresher.stop();
  }

  private async ask(signal: AbortSignal): Promise<boolean> {
    const { snapshot } = hub;
    if (snapshot === null) return false;
    try {
      this.agents = await agents(signal);
      this.silences = await silenceWatch.look(snapshot.groups, snapshot.stats.retentionHours, signal);
      if (!signal.aborted) this.judge();
      return true;
    } catch (error) {
      if (!signal.aborted) this.fail(error);
      return false;
    }
  }

  private judge(): void {
    const { snapshot } = hub;
    const view = currentView();
    if (snapshot === null) return;
    // What happens now is no trouble of a range that is over.
    const named = new Set(chosen(snapshot.groups, view.group).map((group) => group.name));
    const silences = view.until === null ? this.silences.filter((silence) => named.has(silence.group)) : [];
    // Counts of other logs under this view's words would be a lie.
    const counts = this.counts !== null && sameLogs(this.countedView, view) ? this.counts : null;
    const verdict = judge({ view, rangeWords: rangeWords(view), counts, uncounted: this.uncounted, snapshot, agents: view.until === null ? this.agents : [], silences, losses: this.losses(snapshot.stats) });
    this.show(verdict.mood);
    setText(this.text, verdict.text);
    setText(this.more, verdict.more);
    this.showTroubles(verdict.troubles);
    setText(this.past, verdict.past);
    show(this.past, verdict.past !== "");
  }

  /** Who is bound to some groups is not told what is lost of all. */
  private losses({ dropped, rejected }: Stats): Losses {
    const isWhole = hub.session?.group === null;
    return {
      dropped: isWhole ? lossWatch.look("dropped", dropped) : noRise,
      rejected: isWhole ? lossWatch.look("rejected", rejected) : noRise,
      agents: this.agents.map((agent) => ({ id: agent.id, rise: lossWatch.look(`agent ${agent.id}`, lossOf(agent)) })),
    };
  }

  /** A trouble keeps its row, wherever that moves: neither a refresh nor a trouble more takes a click to another one. */
  private showTroubles(troubles: Trouble[]): void {
    show(this.troubles, troubles.length > 0);
    const keys = new Set(troubles.map((trouble) => trouble.key));
    for (const [key, row] of this.rows) {
      if (keys.has(key)) continue;
      row.remove();
      this.rows.delete(key);
    }
    troubles.forEach((trouble, index) => {
      const row = this.rows.get(trouble.key) ?? h("li");
      this.rows.set(trouble.key, row);
      const place = this.troubles.children[index];
      if (place !== row) this.troubles.insertBefore(row, place ?? null);
      fill(row, trouble);
    });
  }

  private show(mood: Mood): void {
    this.mark.className = `verdict-mark ${mood}`;
    setText(this.mark, marks[mood]);
  }

  private fail(error: unknown): void {
    if (error instanceof HubError && error.status === 401) {
      this.dispatchEvent(new CustomEvent("signed-out", { bubbles: true }));
      return;
    }
    if (!(error instanceof HubError) && !(error instanceof Unreachable)) throw error;
    this.classList.remove("asking");
    const retry = h("button", { type: "button", class: "link-button", onclick: () => { rangeCounts.again(); this.refresher.now(); } }, "Try again");
    this.note.replaceChildren(`${error.message} `, retry);
    show(this.note, true);
  }
}

function fill(row: HTMLElement, { change, mark, text, more }: Trouble): void {
  const wanted = change === null ? "div" : "button";
  if (row.firstElementChild?.localName !== wanted) row.replaceChildren(troubleLine(wanted));
  const line = row.firstElementChild as HTMLElement;
  const [markPlace, textPlace, morePlace] = line.children;
  if (markPlace !== undefined && markPlace.getAttribute("data-mark") !== mark) {
    markPlace.setAttribute("data-mark", mark);
    markPlace.replaceChildren(markOf(mark));
  }
  if (textPlace !== undefined) setText(textPlace, text);
  if (morePlace !== undefined) setText(morePlace, more);
  line.onclick = change === null ? null : () => changeView(change);
}

/** A trouble as a way to where more is seen, or, where there is no such page, as words alone. */
function troubleLine(tag: "button" | "div"): HTMLElement {
  const parts = [h("span", { class: "trouble-mark" }), h("span", { class: "trouble-text" }), h("span", { class: "trouble-more" })];
  return tag === "div" ? h("div", { class: "trouble" }, ...parts) : h("button", { type: "button", class: "trouble" }, ...parts, icon("M6 4l4 4l-4 4"));
}

function markOf(mark: Trouble["mark"]): Element {
  if (mark !== "hub" && mark !== "silent" && mark !== "agent") return levelMark(mark);
  const [name, path] = icons[mark];
  const picture = icon(path);
  picture.setAttribute("aria-label", name);
  return picture;
}

customElements.define("health-card", HealthCard);
