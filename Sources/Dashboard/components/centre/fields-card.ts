// The numbers in the logs' data: a row for each field, those in which something changed first.
//
// There may be hundreds. So all are asked for in few intervals, for their names and order; the rows that are shown, some
// twenty, in as many intervals as a chart has. Only unfolded rows have a chart.
import { Series, Trend, series } from "../../api/series";
import { rangeOf } from "../../pages/range";
import { View, queryOf } from "../../pages/view";
import { h, setText, show } from "../dom";
import { fullNumber } from "../format";
import { arrange, keepingFocus } from "../kept-focus";
import { clip, visible } from "../visible-text";
import { AskingCard } from "./centre-card";
import { FieldRow } from "./field-row";
import { intervalFor } from "./intervals";

const pauseMs = 30_000;
/** All fields: enough to see a course, few enough for 256 fields. */
const roughIntervals = 48;
const fineIntervals = 220;
/** What the hub has summed up in chunks: a longer range in other intervals would have it read every log. */
const summedMs = 300_000;
const longMs = 4 * 3_600_000;
/** Names and order are asked for again after this. */
const namesKeptMs = 300_000;
const firstRows = 20;
const moreRows = 40;
/** The hub gives 160,000 values at once. */
const rowsAtMost = 240;
const openAtMost = 6;
const filterPauseMs = 150;

class FieldsCard extends AskingCard {
  private readonly list = h("ol", { class: "fields" });
  private readonly filter = h("input", { type: "search", class: "field small-field", placeholder: "Filter fields", "aria-label": "Filter fields", maxlength: "512", autocomplete: "off", spellcheck: "false" });
  private readonly count = h("span", { class: "card-fact" });
  private readonly more = h("button", { type: "button", class: "small-button", hidden: true });
  private readonly byName = h("button", { type: "button", class: "small-button", hidden: true });
  private readonly nothing = h("p", { class: "card-quiet", hidden: true });
  private names: { of: string; at: number; order: string[]; cut: boolean } | null = null;
  /** Fields beyond those that the hub lists, asked for by name. */
  private extra: string[] = [];
  private readonly rows = new Map<string, FieldRow>();
  private readonly open: string[] = [];
  private shownRows = firstRows;
  private fine: Series | null = null;
  private filterTimer: number | undefined;

  constructor() {
    super({ key: "fields", title: "Data fields" }, pauseMs);
  }

  protected build(): void {
    this.aside.append(this.count, this.filter);
    this.body.append(this.nothing, this.list, this.more, this.byName);
    this.filter.addEventListener("input", () => {
      clearTimeout(this.filterTimer);
      this.filterTimer = window.setTimeout(() => {
        this.shownRows = firstRows;
        this.showRows();
        this.again();
      }, filterPauseMs);
    });
    this.more.addEventListener("click", () => {
      this.shownRows = Math.min(rowsAtMost, this.shownRows + moreRows);
      this.again();
    });
    this.byName.addEventListener("click", () => {
      const name = this.filter.value.trim();
      if (name === "" || name.includes(",")) return;
      this.extra = [...this.extra.filter((other) => other !== name), name].slice(-20);
      this.again();
    });
  }

  protected override leave(): void {
    super.leave();
    clearTimeout(this.filterTimer);
  }

  protected override follow(view: View, before: View | null): void {
    if (before !== null && view.group !== before.group) this.shownRows = firstRows;
    super.follow(view, before);
  }

  protected async ask(view: View, signal: AbortSignal): Promise<string> {
    const query = queryOf(view);
    const range = rangeOf(view);
    const of = JSON.stringify(query);
    if (this.names === null || this.names.of !== of || Date.now() - this.names.at > namesKeptMs) {
      const rough = await series(query, null, intervalFor(range, roughIntervals), signal);
      if (signal.aborted) return "";
      const order = orderOf([...rough.fields.keys()], rough.trends, this.names?.of === of ? this.names.order : []);
      this.names = { of, at: Date.now(), order, cut: rough.cut };
    }
    const wanted = this.wanted();
    if (wanted.length > 0) {
      const fineMs = intervalFor(range, fineIntervals);
      const fine = await series(query, wanted, range.to - range.from < longMs ? fineMs : Math.max(fineMs, summedMs), signal);
      if (signal.aborted) return "";
      // What the finer look finds first in a new list leads it; later nothing changes its place under the reader's eyes.
      if (this.fine === null || this.list.dataset.of !== of) this.names.order = orderOf(this.names.order, fine.trends, []);
      this.fine = fine;
    }
    this.list.dataset.of = of;
    this.showRows();
    for (const row of this.rows.values()) if (this.fine?.fields.has(row.name) === true) row.show(this.fine);
    return this.fine?.partial === true ? "Redis does not answer: only what the hub's memory holds is shown." : "";
  }

  protected override redraw(): void {
    for (const row of this.rows.values()) row.draw();
  }

  private matching(): string[] {
    const text = this.filter.value.trim().toLowerCase();
    const all = [...(this.names?.order ?? []), ...this.extra.filter((name) => this.names?.order.includes(name) !== true)];
    return text === "" ? all : all.filter((name) => name.toLowerCase().includes(text));
  }

  /** The rows that are shown; what is unfolded stays, wherever it stands now. A name with a comma in it cannot be asked for by name. */
  private wanted(): string[] {
    return this.matching().filter((name) => !name.includes(",")).filter((name, index) => index < this.shownRows || this.open.includes(name));
  }

  /** Those that stay are not touched. */
  private showRows(): void {
    const wanted = this.wanted();
    const matching = this.matching();
    const total = this.names?.order.length ?? 0;
    const keep = new Set(wanted);
    keepingFocus(this.list, () => {
      for (const [name, row] of this.rows) {
        if (keep.has(name)) continue;
        this.foldRow(row);
        this.rows.delete(name);
      }
      arrange(this.list, wanted.map((name) => this.rowOf(name).element));
    });
    setText(this.count, total === 0 ? "" : `${fullNumber(total)}${this.names?.cut === true ? " and more" : ""} ${total === 1 ? "field" : "fields"}`);
    show(this.filter, total > 6 || this.filter.value !== "");
    show(this.more, matching.length > wanted.length && this.shownRows < rowsAtMost);
    setText(this.more, `Show more of ${fullNumber(matching.length)}`);
    const typed = this.filter.value.trim();
    show(this.byName, this.names?.cut === true && typed !== "" && !typed.includes(",") && !matching.includes(typed));
    setText(this.byName, `Ask for the field \u201c${visible(clip(typed, 60))}\u201d`);
    show(this.nothing, this.names !== null && wanted.length === 0);
    setText(this.nothing, typed !== "" && total > 0 ? "No field has this in its name." : "No numbers in the data of these logs. Send some as members of data, and each is drawn here.");
  }

  private rowOf(name: string): FieldRow {
    const known = this.rows.get(name);
    if (known !== undefined) return known;
    const row = new FieldRow(name, (toggled) => this.toggle(toggled));
    this.rows.set(name, row);
    if (this.fine?.fields.has(name) === true) row.show(this.fine);
    return row;
  }

  private toggle(row: FieldRow): void {
    if (row.isOpen) {
      this.foldRow(row);
      return;
    }
    this.open.push(row.name);
    row.open();
    // Charts are the costly part: the one that was opened first makes room.
    while (this.open.length > openAtMost) {
      const oldest = this.rows.get(this.open[0] ?? "");
      if (oldest === undefined) this.open.shift();
      else this.foldRow(oldest);
    }
  }

  private foldRow(row: FieldRow): void {
    const place = this.open.indexOf(row.name);
    if (place !== -1) this.open.splice(place, 1);
    if (row.isOpen) row.close();
  }
}

/** Fields with the clearest change first, then as before, then by name. */
function orderOf(names: string[], trends: Trend[], before: string[]): string[] {
  const clearest = new Map<string, number>();
  for (const trend of trends) if (trend.field !== null && trend.subject === "field") clearest.set(trend.field, Math.max(trend.confidence, clearest.get(trend.field) ?? 0));
  const place = new Map((before.length > 0 ? before : names).map((name, index) => [name, index]));
  if (before.length > 0) return [...names].sort((a, b) => (place.get(a) ?? names.length) - (place.get(b) ?? names.length));
  return [...names].sort((a, b) => (clearest.get(b) ?? 0) - (clearest.get(a) ?? 0) || (place.get(a) ?? 0) - (place.get(b) ?? 0));
}

customElements.define("fields-card", FieldsCard);
