// The logs of a view, newest first. At the top it is live; scrolled away, with a log opened, or paused, it holds still and
// counts what came in the meantime. Only what can be seen is on the page, and what is held is bounded: the newest.
//
//   early     came before the first page       ┐
//   waiting   as they came, held back          │ each bounded in rows and bytes
//   buffer    what can be scrolled to          ┘
//
// A range that moves with time leaves old logs behind: they are let go of from the end, unless someone reads there.
import { Log } from "../../api/types";
import { h, show } from "../dom";
import { fullNumber } from "../format";
import { LogBuffer } from "./log-buffer";
import { FootState, ListFoot } from "./list-foot";
import { LogDetails } from "./log-details";
import { RowStyle } from "./log-row";
import { VirtualRows } from "./virtual-rows";

/** What a reader can scroll through in one go. */
const rowsAtMost = 100_000;
/** Of messages and data: a thousand logs of a megabyte each would fill a small machine. */
const bytesAtMost = 96 << 20;
/** Logs that wait while someone reads. Beyond, the list begins anew with these. */
const waitingAtMost = 20_000;
const waitingBytesAtMost = 32 << 20;
/** Logs kept while the first page is fetched; more are counted as skipped. */
const earlyAtMost = 2_000;
const earlyBytesAtMost = 8 << 20;
/** Ids remembered since a stream stood anew; with more, a gap is taken for granted. */
const sinceAtMost = 20_000;
/** Nearer to the top than this is at the top. */
const topPixels = 8;
/** So many rows before the end older ones are asked for. */
const rowsAhead = 60;
const compactRowHeight = 52;
const wideRowHeight = 28;

/**
 * Sends `older` when the next page is wanted, `reload` to close a gap, `held` when it stops or goes on, `pick` (detail: an id
 * or null) when the reader opens or closes a log, and `from-here` (detail: the oldest log) when it can hold no more.
 */
export class LogList extends HTMLElement {
  private readonly buffer = new LogBuffer(rowsAtMost, bytesAtMost);
  private readonly waiting = new LogBuffer(waitingAtMost, waitingBytesAtMost);
  /** All that came since it is held, those let go again included. */
  private waitingCount = 0;
  /** Between what is shown and what waits, logs are missing. */
  private waitingGap = false;
  /** Somewhere in what is shown, logs are missing. */
  private gap = false;
  /** What the stream brought before the listing it belongs to was here. */
  private readonly early = new LogBuffer(earlyAtMost, earlyBytesAtMost);
  /** Of these, how many there was no room for. */
  private earlyLost = 0;
  /** Logs that came since a stream stood anew; null: nothing is in doubt. */
  private since: Set<string> | null = null;
  /** Counts beginnings: an older page that was asked for before one belongs to nothing. */
  epoch = 0;
  private loading = true;
  private held = false;
  /** Held by the pause button, not only for as long as someone reads. */
  private asked = false;
  /** What is at the end of the list. */
  private end: "more" | "loading" | "problem" | "end" = "end";
  private endWords = "";
  private letGo = false;
  private awayFromTop = false;
  private skippedCount = 0;
  private rowStyle: RowStyle = { wide: false, hits: null, zone: null };
  /** From when on logs are shown, in ms: moves with time in a range like the last 15 minutes. */
  from: () => number = () => -Infinity;
  /** What is said when there is no log. */
  emptyState: () => Node = () => h("span");

  private readonly list = h("ol", { class: "logs", "aria-label": "Logs, newest first" });
  private readonly skeleton = h("ol", { class: "log-skeleton", "aria-hidden": "true" }, ...Array.from({ length: 30 }, () => h("li", { class: "placeholder" })));
  private readonly pill = h("button", { type: "button", class: "pill", hidden: true, onclick: () => this.resume() });
  private readonly skipNote = h("p", { class: "list-note warning-note", role: "status", hidden: true });
  private readonly foot = new ListFoot({
    older: () => this.wantOlder(),
    reload: () => this.dispatchEvent(new CustomEvent("reload")),
    beyond: () => this.dispatchEvent(new CustomEvent("from-here", { detail: this.oldest })),
  });
  private readonly empty = h("div", { class: "list-empty", hidden: true });
  private readonly columns = h("div", { class: "log-columns", "aria-hidden": "true" },
    h("span", {}, "Time"), h("span", {}), h("span", {}, "Group"), h("span", {}, "Source"), h("span", {}, "Message"), h("span", { class: "tags-title" }, "Tags"));
  private readonly scroller = h("div", { class: "log-scroller", tabindex: "0", role: "region", "aria-label": "Newest logs" },
    this.list, this.skeleton, this.empty, this.foot.element);
  private readonly rows = new VirtualRows(this.scroller, this.list, this.buffer, (last) => this.rendered(last));

  connectedCallback(): void {
    if (this.childElementCount === 0) {
      this.append(this.skipNote, this.columns, h("div", { class: "log-view" }, this.pill, this.scroller));
      this.scroller.addEventListener("scroll", () => this.scrolled(), { passive: true });
      this.list.addEventListener("click", (event) => this.clicked(event));
      this.scroller.addEventListener("keydown", (event) => this.pressed(event));
    }
    this.rows.connect();
  }

  disconnectedCallback(): void {
    this.rows.disconnect();
  }

  /** Whether new logs wait instead of being shown. */
  get isHeld(): boolean {
    return this.held;
  }

  get openId(): string | null {
    return this.rows.openId;
  }

  get count(): number {
    return this.buffer.count;
  }

  get oldest(): Log | null {
    return this.buffer.at(this.buffer.count - 1);
  }

  get newest(): Log | null {
    return this.buffer.at(0);
  }

  /** Whether the oldest were let go since the last asking: the next page begins after what is held. */
  takeLetGo(): boolean {
    const { letGo } = this;
    this.letGo = false;
    return letGo;
  }

  /** One line a log with columns, or two lines; what a search found is marked. */
  restyle(style: RowStyle): void {
    this.rowStyle = style;
    this.classList.toggle("wide", style.wide);
    this.rows.restyle(style, style.wide ? wideRowHeight : compactRowHeight);
  }

  /** A stream stands that does not go on where the last one ended: the next page tells whether logs are missing between. */
  expectPage(): void {
    this.since = new Set();
  }

  /** Empties the list while another selection is fetched. */
  showLoading(): void {
    this.clear();
    this.loading = true;
    this.list.setAttribute("aria-busy", "true");
    show(this.skeleton, true);
    show(this.empty, false);
    this.foot.show("");
  }

  /** Shows a listing's first page; what is already here and newer stays, when the page reaches it. Answers whether it was put in place of all. */
  showPage(logs: Log[], hasOlder: boolean, isExpected = false): boolean {
    const { since } = this;
    if (isExpected) this.since = null;
    // The oldest of the page must have been here before the stream stood: what the stream brought tells nothing of the time before.
    const last = logs[logs.length - 1];
    const overlaps = !hasOlder || (last !== undefined && since?.has(last.id) !== true && (since === null || since.size < sinceAtMost)
      && (this.buffer.has(last.id) || this.waiting.has(last.id)));
    this.empty.replaceChildren(this.emptyState());
    if (!this.loading && this.buffer.count > 0 && (overlaps || this.held)) {
      this.waitingGap ||= !overlaps;
      this.arrive(logs);
      return false;
    }
    const early = this.early.newestFirst().concat(since === null ? [] : this.buffer.newestFirst().filter((log) => since.has(log.id)));
    const { earlyLost } = this;
    this.clear();
    this.since = isExpected ? null : since;
    this.loaded();
    this.end = hasOlder ? "more" : "end";
    this.buffer.add(logs);
    this.classList.toggle("tagged", logs.some(hasTags));
    this.changed();
    this.arrive(early);
    if (earlyLost > 0) this.skipped(earlyLost);
    return true;
  }

  /** Shows an error instead of a listing. */
  showProblem(problem: Node): void {
    this.clear();
    this.loaded();
    this.empty.replaceChildren(problem);
    this.changed();
  }

  /** Adds a page of older logs below. */
  addOlder(logs: Log[], hasOlder: boolean): void {
    this.end = hasOlder ? "more" : "end";
    // What does not fit is the oldest of it: the end of what can be held.
    if (this.buffer.add(logs) > 0) this.end = "more";
    this.showTags(logs);
    this.changed();
  }

  /** The next page is on its way, or could not be had. */
  showEnd(end: "loading" | "problem", words = ""): void {
    this.end = end;
    this.endWords = words;
    this.showFoot();
  }

  /** Takes logs from the stream. */
  arrive(logs: Log[]): void {
    if (this.loading) {
      this.earlyLost += this.early.add(logs);
      return;
    }
    const from = this.from();
    const fresh = logs.filter((log) => !this.buffer.has(log.id) && !this.waiting.has(log.id) && Date.parse(log.timestamp) >= from);
    if (fresh.length === 0) return;
    if (this.since !== null && this.since.size < sinceAtMost) for (const log of fresh) this.since.add(log.id);
    if (!this.held) {
      if (this.buffer.add(fresh) > 0) this.dropped();
      this.showTags(fresh);
      this.changed();
      return;
    }
    this.waitingCount += fresh.length;
    if (this.waiting.add(fresh) > 0) this.waitingGap = true;
    this.showPill();
  }

  /** Lets go of what has become older than the range, but not of what someone reads, nor of what stands above that. */
  expire(): void {
    if (this.loading) return;
    const from = this.from();
    if (this.waiting.expire(from) > 0) {
      // What had found no room there was older still.
      this.waitingCount = this.waiting.count;
      this.showPill();
    }
    const readTo = this.held ? Math.max(this.rows.bottomIndex(), this.openIndex) : -1;
    if (this.buffer.expire(from, readTo + 1) === 0) return;
    // What lies beyond is older still.
    if (this.end !== "loading") this.end = "end";
    if (this.buffer.count === 0) this.empty.replaceChildren(this.emptyState());
    this.changed();
  }

  /** Says that so many logs were left out. */
  skipped(count: number): void {
    if (this.loading) {
      this.earlyLost += count;
      return;
    }
    this.skippedCount += count;
    this.gap = true;
    const reload = h("button", { type: "button", class: "link-button", onclick: () => this.dispatchEvent(new CustomEvent("reload")) }, "Load the newest");
    this.skipNote.replaceChildren(`${fullNumber(this.skippedCount)} logs skipped: they came faster than this page could take them. `, reload);
    show(this.skipNote, true);
    this.showFoot();
  }

  /** Holds the list still, or lets it run and jumps to the newest; `asked`: until the reader says otherwise. */
  hold(held: boolean, asked = true): void {
    if (!held) {
      this.resume();
      return;
    }
    this.asked ||= asked;
    if (this.held) return;
    this.held = true;
    this.dispatchEvent(new CustomEvent("held"));
  }

  /** Opens a log of this list, or closes the open one; answers false when it is not here. */
  open(id: string | null): boolean {
    if (id === this.rows.openId) return true;
    const index = id === null ? -1 : this.buffer.indexOf(id);
    const log = index < 0 ? null : this.buffer.at(index);
    if (id === null || log === null) {
      this.rows.open(null, null);
      this.closed();
      return id === null;
    }
    this.hold(true, false);
    this.rows.activeId = id;
    this.rows.open(id, new LogDetails(log, { hits: this.rowStyle.hits, steps: true, context: false }));
    this.rows.reveal(index);
    return true;
  }

  /** Goes to the next log (1: older) or the one before; an open one is closed and that one opened. */
  step(by: number): void {
    const { openId, activeId } = this.rows;
    const from = this.buffer.indexOf(openId ?? activeId ?? "");
    const index = from < 0 ? 0 : Math.max(0, Math.min(this.buffer.count - 1, from + by));
    const log = this.buffer.at(index);
    if (log === null) return;
    this.activate(index);
    if (openId !== null && openId !== log.id) this.pick(log.id);
  }

  /** Opens what the keyboard is on, or closes it. */
  toggleActive(): void {
    const log = this.rows.activeId === null ? this.buffer.at(0) : this.buffer.at(this.buffer.indexOf(this.rows.activeId));
    if (log !== null) this.pick(this.rows.openId === log.id ? null : log.id);
  }

  private pick(id: string | null): void {
    this.dispatchEvent(new CustomEvent("pick", { detail: id }));
  }

  private activate(index: number): void {
    const log = this.buffer.at(index);
    if (log === null) return;
    this.rows.activeId = log.id;
    this.rows.reveal(index);
    this.rows.row(log.id)?.head.focus({ preventScroll: true });
  }

  private clicked(event: Event): void {
    const head = (event.target as Element).closest(".log-head");
    const id = head?.closest<HTMLElement>(".log")?.dataset.id;
    if (id === undefined) return;
    this.rows.activeId = id;
    this.pick(this.rows.openId === id ? null : id);
  }

  /** Keys that move in the list; within an opened log they belong to what has the focus. */
  private pressed(event: KeyboardEvent): void {
    const target = event.target as Element;
    if (event.ctrlKey || event.metaKey || event.altKey || (target !== this.scroller && !target.matches(".log-head"))) return;
    const page = this.rows.pageRows;
    const from = Math.max(0, this.buffer.indexOf(this.rows.activeId ?? ""));
    const places: Record<string, number> = { ArrowDown: from + 1, ArrowUp: from - 1, PageDown: from + page, PageUp: from - page, Home: 0, End: this.buffer.count - 1 };
    const place = places[event.key];
    if (place === undefined) return;
    event.preventDefault();
    const isFirst = this.rows.activeId === null && event.key === "ArrowDown";
    this.activate(isFirst ? 0 : Math.max(0, Math.min(this.buffer.count - 1, place)));
  }

  private resume(): void {
    if (this.rows.openId !== null) this.pick(null);
    this.scroller.scrollTop = 0;
    this.release();
  }

  /** The log that was read is closed, at the top: on it goes. */
  private closed(): void {
    if (this.held && !this.asked && !this.awayFromTop && this.rows.openId === null) this.release();
  }

  private release(): void {
    if (!this.held) return;
    this.held = false;
    this.asked = false;
    this.awayFromTop = false;
    const logs = this.waiting.newestFirst();
    if (this.waitingGap) {
      // The list begins anew with the newest; what is missing before them is fetched when someone scrolls there.
      this.clear();
      this.loaded();
      this.dropped();
    }
    this.waiting.clear();
    this.waitingCount = 0;
    this.waitingGap = false;
    if (this.buffer.add(logs) > 0) this.dropped();
    this.showTags(logs);
    this.showPill();
    this.changed();
    this.expire();
    this.dispatchEvent(new CustomEvent("held"));
  }

  /** The oldest were let go: there are older ones to fetch, whatever the last page said. */
  private dropped(): void {
    this.letGo = true;
    if (this.end === "end") this.end = "more";
  }

  private scrolled(): void {
    this.rows.render();
    const away = this.scroller.scrollTop > topPixels;
    if (away === this.awayFromTop) return;
    this.awayFromTop = away;
    if (away) this.hold(true, false);
    else if (this.held && !this.asked && this.rows.openId === null) this.release();
  }

  /** After each rendering: asks for older ones near the end, by itself. */
  private rendered(last: number): void {
    if (this.loading || this.end !== "more" || this.buffer.count === 0 || this.isFull) return;
    if (last + rowsAhead >= this.buffer.count && (this.awayFromTop || last >= this.buffer.count - 1)) this.wantOlder();
  }

  private wantOlder(): void {
    this.showEnd("loading");
    this.dispatchEvent(new CustomEvent("older"));
  }

  /** The place of the open log; -1: none is, or not here. */
  private get openIndex(): number {
    return this.rows.openId === null ? -1 : this.buffer.indexOf(this.rows.openId);
  }

  /** The column of tags comes with the first log that has some, and stays: a column that goes and comes is restless. */
  private showTags(logs: Log[]): void {
    if (!this.classList.contains("tagged") && logs.some(hasTags)) this.classList.add("tagged");
  }

  private get isFull(): boolean {
    return this.buffer.isFull;
  }

  private loaded(): void {
    this.loading = false;
    this.list.removeAttribute("aria-busy");
    show(this.skeleton, false);
  }

  private clear(): void {
    this.buffer.clear();
    this.waiting.clear();
    this.waitingCount = 0;
    this.waitingGap = false;
    this.gap = false;
    this.early.clear();
    this.earlyLost = 0;
    this.since = null;
    this.epoch += 1;
    this.end = "end";
    this.letGo = false;
    this.skippedCount = 0;
    this.rows.activeId = null;
    this.rows.open(null, null);
    show(this.skipNote, false);
    this.showPill();
  }

  private changed(): void {
    // The tab key needs a row to come to.
    if (this.rows.activeId !== null && !this.buffer.has(this.rows.activeId)) this.rows.activeId = null;
    this.rows.schedule();
    this.showFoot();
  }

  private showPill(): void {
    const text = `${fullNumber(this.waitingCount)} new`;
    if (this.pill.textContent !== text) {
      this.pill.textContent = text;
      this.pill.setAttribute("aria-label", `Show ${text} logs`);
    }
    show(this.pill, this.waitingCount > 0);
  }

  private showFoot(): void {
    const { count } = this.buffer;
    show(this.empty, count === 0 && !this.loading);
    const state: FootState = count === 0 ? "" : this.isFull && this.end !== "end" ? "full" : this.end === "end" && this.gap ? "gap" : this.end;
    this.foot.show(state, state === "problem" ? this.endWords : "");
  }
}

function hasTags(log: Log): boolean {
  return log.tags.length > 0;
}

customElements.define("log-list", LogList);
