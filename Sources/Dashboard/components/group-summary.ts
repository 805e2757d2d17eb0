// The centre: how the selected groups are. A verdict in words, figures, counts by level, and the parts of the
// selection that ask for attention first.
import { Snapshot } from "../api/hub-watcher";
import { LevelCounts } from "../api/types";
import { h, setText, show } from "./dom";
import { age, bytes, fullNumber, rate, share, shortNumber } from "./format";
import { GroupNode } from "./group-tree";
import "./first-log";
import { LevelBar } from "./level-bar";
import { setLevelMark } from "./level-mark";
import { visible } from "./visible-text";

/** Rows of the table; more than this is what the tree is for. */
const rowsAtMost = 12;

/** Sends `pick` with a group's pattern, and `level` with a level. */
export class GroupSummary extends HTMLElement {
  private readonly verdictMark = h("span", { class: "verdict-mark" });
  private readonly verdict = h("p", { class: "verdict-text" });
  private readonly verdictMore = h("p", { class: "verdict-more" });
  private readonly caveat = h("p", { class: "verdict-more" });
  private readonly tiles = {
    logs: new Tile("Logs"),
    errors: new Tile("Errors"),
    warnings: new Tile("Warnings"),
    rate: new Tile("Logs a second"),
    part: new Tile("Share"),
    newest: new Tile("Last log"),
    size: new Tile("Stored"),
  };
  private readonly bar = new LevelBar();
  private readonly tableTitle = h("h3");
  private readonly rows = h("tbody");
  private readonly tableRows: TableRow[] = [];
  private readonly table = h("section", { class: "card" }, this.tableTitle,
    h("table", { class: "group-table" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Group"), h("th", { scope: "col", class: "number" }, "Errors"),
        h("th", { scope: "col", class: "number" }, "Warnings"), h("th", { scope: "col", class: "number" }, "Logs"), h("th", { scope: "col", class: "number" }, "Last"))),
      this.rows));
  private readonly first = h("details", { class: "card first" }, h("summary", {}, h("h3", {}, "Send a log")));
  private wasEmpty = false;
  private readonly figures = h("div", { class: "figures" });

  connectedCallback(): void {
    if (this.childElementCount > 0) return;
    this.bar.addEventListener("pick", (event) => this.dispatchEvent(new CustomEvent("level", { detail: (event as CustomEvent).detail })));
    this.first.append(document.createElement("first-log"));
    this.figures.append(
      h("dl", { class: "tiles" }, ...Object.values(this.tiles).map((tile) => tile.element)),
      h("section", { class: "card" }, h("h3", {}, "By level"), this.bar),
      this.table);
    this.append(
      h("section", { class: "card verdict", role: "status" }, this.verdictMark, h("div", {}, this.verdict, this.verdictMore, this.caveat)),
      this.figures, this.first);
    this.setVerdict("quiet", "Reading\u2026", "");
    show(this.table, false);
    this.classList.add("loading");
  }

  /** Shows the selected part of a snapshot; `everything` when no group is selected. */
  update(snapshot: Snapshot, selected: GroupNode, everything: boolean, own: boolean): void {
    const { stats } = snapshot;
    const counts = everything && stats.levels !== null ? stats.levels : selected.levels;
    const total = everything ? stats.totalLogs : own ? selected.own : selected.count;
    const newest = everything ? stats.newest ?? selected.newest : selected.newest;
    this.classList.remove("loading");
    this.judge(snapshot, counts, total, everything);
    setText(this.caveat, this.caveats(snapshot));
    const window = `last ${stats.retentionHours} h`;
    const errors = counts.error + counts.critical;
    this.tiles.logs.set(shortNumber(total), window, fullNumber(total));
    this.tiles.errors.set(shortNumber(errors), counts.critical > 0 ? `${shortNumber(counts.critical)} critical` : share(errors, total), fullNumber(errors), errors > 0 ? "bad" : "");
    this.tiles.warnings.set(shortNumber(counts.warning), share(counts.warning, total), fullNumber(counts.warning));
    const speed = everything ? stats.ingestRate : selected.rate;
    if (speed !== null) this.tiles.rate.set(rate(speed), "last minute");
    show(this.tiles.rate.element, speed !== null);
    this.tiles.part.set(share(total, stats.totalLogs), "of all logs");
    show(this.tiles.part.element, speed === null);
    this.tiles.newest.set(newest === null ? "\u2013" : age(newest), newest === null ? "none yet" : "ago");
    if (newest !== null && age(newest) === "now") this.tiles.newest.set("now", "\u00a0");
    this.tiles.size.set(bytes(stats.bytesStored), !everything || stats.bytesPerLog === null || stats.bytesPerLog <= 0 ? "all groups" : `${Math.round(stats.bytesPerLog)} B a log`);
    this.bar.counts = counts;
    const empty = total === 0 && everything;
    show(this.figures, !empty);
    if (empty !== this.wasEmpty) this.first.open = empty;
    this.wasEmpty = empty;
    this.showTable(own ? [] : selected.children, everything);
  }

  private judge(snapshot: Snapshot, counts: LevelCounts, total: number, everything: boolean): void {
    const { stats, health } = snapshot;
    if (!health.healthy) {
      this.setVerdict("bad", "The hub cannot store logs now", health.detail);
    } else if (total === 0) {
      if (everything) this.setVerdict("quiet", "No logs yet", "The hub is ready. Send a first log: it appears here within a second.");
      else this.setVerdict("quiet", "No logs here", `This group has none in the last ${stats.retentionHours} hours.`);
    } else if (counts.critical > 0) {
      this.setVerdict("bad", `${fullNumber(counts.critical)} critical ${plural("log", counts.critical)}`, `and ${fullNumber(counts.error)} ${plural("error", counts.error)} in the last ${stats.retentionHours} hours.`);
    } else if (counts.error > 0) {
      this.setVerdict("bad", `${fullNumber(counts.error)} ${plural("error", counts.error)}`, `in the last ${stats.retentionHours} hours, nothing critical.`);
    } else if (counts.warning > 0) {
      this.setVerdict("warn", "No errors", `${fullNumber(counts.warning)} ${plural("warning", counts.warning)} in the last ${stats.retentionHours} hours.`);
    } else {
      this.setVerdict("good", "All quiet", `No errors and no warnings in the last ${stats.retentionHours} hours.`);
    }
  }

  /** What must be known beside the verdict, whatever it is. */
  private caveats(snapshot: Snapshot): string {
    const { stats } = snapshot;
    const losses: string[] = [];
    if (stats.dropped > 0) losses.push(`${fullNumber(stats.dropped)} dropped to make room`);
    if (stats.rejected > 0) losses.push(`${fullNumber(stats.rejected)} refused`);
    const parts: string[] = [];
    if (losses.length > 0) parts.push(`Since the hub's start: ${losses.join(", ")}.`);
    if (snapshot.partial && snapshot.health.healthy) parts.push("Redis does not answer: only what the hub's memory holds is counted.");
    return parts.join(" ");
  }

  private setVerdict(mood: "good" | "warn" | "bad" | "quiet", text: string, more: string): void {
    this.verdictMark.className = `verdict-mark ${mood}`;
    setText(this.verdictMark, mood === "good" ? "\u2713" : mood === "bad" ? "!" : mood === "warn" ? "\u2013" : "\u00b7");
    this.verdictMark.setAttribute("aria-hidden", "true");
    setText(this.verdict, text);
    setText(this.verdictMore, more);
  }

  private showTable(children: GroupNode[], everything: boolean): void {
    const worst = [...children].sort((a, b) => errorsOf(b) - errorsOf(a) || b.levels.warning - a.levels.warning || b.count - a.count).slice(0, rowsAtMost);
    show(this.table, worst.length > 0);
    setText(this.tableTitle, `${everything ? "Groups" : "Sub-groups"}, most errors first${children.length > rowsAtMost ? ` (${rowsAtMost} of ${fullNumber(children.length)})` : ""}`);
    while (this.tableRows.length < worst.length) {
      const row = new TableRow((path) => this.dispatchEvent(new CustomEvent("pick", { detail: `${path}:*` })));
      this.tableRows.push(row);
      this.rows.append(row.element);
    }
    this.tableRows.forEach((row, index) => row.show(worst[index]));
  }
}

/** A row of the table. It stays in its place and changes its texts, so that a refresh never takes a click away. */
class TableRow {
  private path = "";
  private readonly name = h("bdi");
  private readonly errorMark = h("span", { class: "error-mark" });
  private readonly errors = h("span");
  private readonly warnings = h("td", { class: "number" });
  private readonly count = h("td", { class: "number" });
  private readonly newest = h("td", { class: "number" });
  readonly element: HTMLElement;

  constructor(pick: (path: string) => void) {
    const link = h("button", { type: "button", class: "row-button", onclick: () => pick(this.path) }, this.name);
    this.element = h("tr", {}, h("th", { scope: "row" }, link),
      h("td", { class: "number" }, h("span", { class: "error-cell" }, this.errorMark, this.errors)), this.warnings, this.count, this.newest);
  }

  show(group: GroupNode | undefined): void {
    show(this.element, group !== undefined);
    if (group === undefined) return;
    this.path = group.path;
    const errors = errorsOf(group);
    setLevelMark(this.errorMark, errors === 0 ? null : group.levels.critical > 0 ? "critical" : "error");
    setText(this.name, visible(group.name));
    setText(this.errors, shortNumber(errors));
    setText(this.warnings, shortNumber(group.levels.warning));
    setText(this.count, shortNumber(group.count));
    setText(this.newest, group.newest === null ? "" : age(group.newest));
    this.errors.classList.toggle("zero", errors === 0);
    this.warnings.classList.toggle("zero", group.levels.warning === 0);
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
    this.figure.title = exact;
    this.figure.className = `tile-figure ${mood}`;
  }
}

function errorsOf(group: GroupNode): number {
  return group.levels.error + group.levels.critical;
}

function plural(word: string, count: number): string {
  return count === 1 ? word : `${word}s`;
}

customElements.define("group-summary", GroupSummary);
