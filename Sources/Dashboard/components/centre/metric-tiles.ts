// Big figures of the chosen range, and how they compare with the range before.
import { hub } from "../../api/hub-state";
import { currentView, onView } from "../../pages/view";
import { h, setText } from "../dom";
import { age, fullNumber, lengthText, rate, share, shortNumber } from "../format";
import { chosen, errorsOf } from "./group-path";
import { changeText } from "./number-text";
import { RangeCounts, rangeCounts } from "./range-counts";

class MetricTiles extends HTMLElement {
  private readonly tiles = {
    logs: new Tile("Logs"),
    errors: new Tile("Errors"),
    warnings: new Tile("Warnings"),
    part: new Tile("Share of errors"),
    rate: new Tile("Logs a second"),
    newest: new Tile("Last log"),
  };
  private counts: RangeCounts | null = null;
  private endings: (() => void)[] = [];

  connectedCallback(): void {
    if (this.childElementCount === 0) this.append(h("dl", { class: "tiles" }, ...Object.values(this.tiles).map((tile) => tile.element)));
    this.endings = [
      rangeCounts.subscribe({
        asking: () => this.classList.add("asking"),
        counted: (counts) => {
          this.counts = counts;
          this.classList.remove("asking");
          this.showCounts(counts);
          this.showNow();
        },
        // The card above says it; the figures stay, as of before.
        failed: () => this.classList.add("asking"),
      }),
      hub.subscribe({ refreshed: () => this.showNow() }),
      onView(() => this.showNow()),
    ];
    this.showNow();
  }

  disconnectedCallback(): void {
    for (const end of this.endings) end();
  }

  private showCounts(counts: RangeCounts): void {
    const { totals, total, before } = counts;
    const span = lengthText(counts.range.to - counts.range.from);
    const errors = errorsOf(totals);
    const errorsBefore = before === null ? 0 : errorsOf(before.totals);
    const against = (now: number, then: number): string => {
      if (before === null) return "";
      const change = changeText(now, then);
      return `${shortNumber(then)} before${change === "same" || change === "none before" ? "" : `, ${change}`}`;
    };
    this.title = before === null ? "" : `Before: the ${span} before these ${span}`;
    this.tiles.logs.set(shortNumber(total), against(total, before?.total ?? 0) || `in ${span}`, `${fullNumber(total)} logs`);
    const critical = totals.critical > 0 ? `${shortNumber(totals.critical)} critical` : "";
    this.tiles.errors.set(shortNumber(errors), against(errors, errorsBefore) || critical || "none critical", `${fullNumber(errors)} errors, ${fullNumber(totals.critical)} of them critical`, errors > 0 ? "bad" : "");
    this.tiles.warnings.set(shortNumber(totals.warning), against(totals.warning, before?.totals.warning ?? 0) || share(totals.warning, total), `${fullNumber(totals.warning)} warnings`);
    this.tiles.part.set(percent(errors, total), before === null || before.total === 0 ? "of all logs" : `${percent(errorsBefore, before.total)} before`, "", errors > 0 && total > 0 && errors / total >= 0.05 ? "bad" : "");
  }

  /** What the groups tell of this very minute. */
  private showNow(): void {
    const { snapshot } = hub;
    if (snapshot === null) return;
    const { group, until, level, q } = currentView();
    const isFiltered = level !== null || q.trim() !== "";
    const groups = chosen(snapshot.groups, group);
    const newest = group === null ? snapshot.stats.newest : groups.reduce<string | null>((newer, one) => one.newest !== null && (newer === null || one.newest > newer) ? one.newest : newer, null);
    const speed = group === null ? snapshot.stats.ingestRate : groups.reduce<number | null>((sum, one) => sum === null || one.rate === null ? null : sum + one.rate, 0);
    const { counts } = this;
    const average = counts === null ? null : counts.total / Math.max(1, (counts.range.to - counts.range.from) / 1_000);
    // What the last minute brought says nothing of a range that is over; and it is of all logs, whatever is filtered.
    if (until !== null || speed === null || isFiltered) this.tiles.rate.set(average === null ? "\u2013" : rate(average), "on average");
    else this.tiles.rate.set(rate(speed), average === null ? "now" : `now, ${rate(average)} on average`);
    const words = newest === null ? "\u2013" : age(newest);
    this.tiles.newest.set(words, newest === null ? "none yet" : isFiltered ? `${words === "now" ? "" : "ago, "}any log` : words === "now" ? "\u00a0" : "ago");
  }
}

/** A big figure with its name above and a word of context below. */
class Tile {
  private readonly figure = h("dd", { class: "tile-figure" }, "\u2013");
  private readonly context = h("dd", { class: "tile-context" }, "\u00a0");
  readonly element: HTMLElement;

  constructor(name: string) {
    this.element = h("div", { class: "tile" }, h("dt", {}, name), this.figure, this.context);
  }

  set(figure: string, context: string, exact = "", mood = ""): void {
    setText(this.figure, figure);
    setText(this.context, context === "" ? "\u00a0" : context);
    if (this.figure.title !== exact) this.figure.title = exact;
    if (this.context.title !== context) this.context.title = context;
    this.figure.className = `tile-figure ${mood}`;
  }
}

/** 4.5 %: a share of errors moves in tenths. */
function percent(part: number, whole: number): string {
  if (part === 0 || whole === 0) return "0 %";
  const value = (part / whole) * 100;
  return value < 0.1 ? "<0.1 %" : value < 9.95 ? `${value.toFixed(1)} %` : `${Math.round(value)} %`;
}

customElements.define("metric-tiles", MetricTiles);
