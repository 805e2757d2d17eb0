// The newest logs. At the top it is live; scrolled away, with a log opened, or paused, it holds still and counts what
// came in the meantime. It keeps a bounded number of logs and of bytes: the newest.
//
//   rows      newest first, on the page        ┐ each never more than
//   waiting   as they came, held back          ┘ rowsAtMost and bytesAtMost
import { Log } from "../api/types";
import { h, setText, show } from "./dom";
import { compareTimes, fullNumber } from "./format";
import { logRow } from "./log-row";

const rowsAtMost = 1_000;
/** Of messages and data: a thousand logs of a megabyte each would fill a small machine. */
const bytesAtMost = 32 << 20;
/** Nearer to the top than this is at the top. */
const topPixels = 8;

interface Entry {
  log: Log;
  bytes: number;
  row: HTMLElement | null;
}

/** Sends `older` when the reader asks for the next page, and `reload` to close a gap. */
export class LogList extends HTMLElement {
  private rows: Entry[] = [];
  private waiting: Entry[] = [];
  private waitingCount = 0;
  /** Between what is shown and what waits, logs are missing. */
  private hasGap = false;
  /** What the stream brought before the listing it belongs to was here, oldest first. */
  private early: Log[] = [];
  private readonly known = new Set<string>();
  private held = false;
  /** Held by the pause button, not only for as long as someone reads. */
  private asked = false;
  private bytes = 0;
  private hasOlder = false;
  private trimmed = false;
  private awayFromTop = false;
  private skippedCount = 0;

  private readonly list = h("ol", { class: "logs", "aria-label": "Logs, newest first" });
  private readonly pill = h("button", { type: "button", class: "pill", hidden: true, onclick: () => this.resume() });
  private readonly skipNote = h("p", { class: "list-note warning-note", role: "status", hidden: true });
  private readonly foot = h("p", { class: "list-foot" });
  private readonly older = h("button", { type: "button", class: "link-button", onclick: () => this.dispatchEvent(new CustomEvent("older")) }, "Show older logs");
  private readonly empty = h("div", { class: "list-empty", hidden: true });
  private readonly scroller = h("div", { class: "log-scroller", tabindex: "0", role: "region", "aria-label": "Newest logs" },
    this.skipNote, this.list, this.empty, this.foot);

  connectedCallback(): void {
    if (this.childElementCount > 0) return;
    this.append(this.pill, this.scroller);
    this.scroller.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.list.addEventListener("opened", () => this.hold(true, false));
    this.list.addEventListener("closed", () => this.closed());
    this.showLoading();
  }

  /** Whether new logs wait instead of being shown. */
  get isHeld(): boolean {
    return this.held;
  }

  /** Empties the list while another selection is fetched. */
  showLoading(): void {
    this.clear();
    this.list.setAttribute("aria-busy", "true");
    this.list.replaceChildren(...Array.from({ length: 12 }, () => h("li", { class: "log placeholder", "aria-hidden": "true" })));
    show(this.empty, false);
    this.foot.replaceChildren();
  }

  /** Shows a listing's first page; what is already here and newer stays, when the page reaches it. */
  showPage(logs: Log[], hasOlder: boolean, emptyState: Node): void {
    const overlaps = logs.some((log) => this.known.has(log.id));
    if (this.rows.length > 0 && (overlaps || this.held)) {
      this.hasGap ||= !overlaps;
      this.arrive([...logs].reverse());
      return;
    }
    const early = this.early;
    this.clear();
    this.list.removeAttribute("aria-busy");
    this.hasOlder = hasOlder;
    this.add(logs);
    this.empty.replaceChildren(emptyState);
    this.showFoot();
    this.arrive(early);
  }

  /** Shows an error instead of a listing. */
  showProblem(problem: Node): void {
    this.clear();
    this.list.removeAttribute("aria-busy");
    this.empty.replaceChildren(problem);
    this.showFoot();
  }

  /** Adds a page of older logs below. */
  addOlder(logs: Log[], hasOlder: boolean): void {
    this.hasOlder = hasOlder;
    this.add(logs.filter((log) => !this.known.has(log.id)));
    this.showFoot();
  }

  /** Takes logs from the stream, oldest first. */
  arrive(logs: Log[]): void {
    const fresh = logs.filter((log) => !this.known.has(log.id));
    if (fresh.length === 0) return;
    if (this.list.hasAttribute("aria-busy")) {
      this.early = [...this.early, ...fresh].slice(-rowsAtMost);
      return;
    }
    if (!this.held) {
      this.add(fresh);
      this.showFoot();
      return;
    }
    for (const log of fresh) {
      this.known.add(log.id);
      this.waiting.push({ log, bytes: sizeOf(log), row: null });
    }
    this.waitingCount += fresh.length;
    let surplus = this.waiting.length - rowsAtMost;
    let bytes = this.waiting.reduce((sum, entry) => sum + entry.bytes, 0);
    if (bytes > bytesAtMost) surplus = Math.max(surplus, 1);
    let dropped = 0;
    while (dropped < this.waiting.length - 1 && (dropped < surplus || bytes > bytesAtMost)) {
      const entry = this.waiting[dropped];
      if (entry === undefined) break;
      bytes -= entry.bytes;
      this.known.delete(entry.log.id);
      dropped += 1;
    }
    this.waiting.splice(0, dropped);
    this.showPill();
  }

  /** Says that so many logs were left out. */
  skipped(count: number): void {
    this.skippedCount += count;
    const reload = h("button", { type: "button", class: "link-button", onclick: () => this.dispatchEvent(new CustomEvent("reload")) }, "Load the newest");
    this.skipNote.replaceChildren(`${fullNumber(this.skippedCount)} logs skipped: they came faster than this page could take them. `, reload);
    show(this.skipNote, true);
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

  private resume(): void {
    this.scroller.scrollTop = 0;
    this.release();
  }

  /** The last log that was read is closed, at the top: on it goes. */
  private closed(): void {
    if (this.held && !this.asked && !this.awayFromTop && this.list.querySelector(".log.open") === null) this.release();
  }

  private release(): void {
    this.held = false;
    this.asked = false;
    this.awayFromTop = false;
    const logs = this.waiting.map((entry) => entry.log);
    if (this.hasGap || this.waitingCount > logs.length) this.clear();
    for (const log of logs) this.known.delete(log.id);
    this.waiting = [];
    this.waitingCount = 0;
    this.hasGap = false;
    this.add(logs);
    this.showPill();
    this.showFoot();
    this.dispatchEvent(new CustomEvent("held"));
  }

  private scrolled(): void {
    const away = this.scroller.scrollTop > topPixels;
    if (away === this.awayFromTop) return;
    this.awayFromTop = away;
    if (away) this.hold(true, false);
    else if (this.held && !this.asked) this.release();
  }

  private clear(): void {
    this.rows = [];
    this.waiting = [];
    this.waitingCount = 0;
    this.hasGap = false;
    this.early = [];
    this.bytes = 0;
    this.hasOlder = false;
    this.trimmed = false;
    this.skippedCount = 0;
    this.known.clear();
    this.list.replaceChildren();
    show(this.skipNote, false);
    this.showPill();
  }

  /** Puts logs where their times belong; among equal times the one that came later stands above. */
  private add(logs: Log[]): void {
    const newestFirst = logs
      .map((log, index) => ({ log, index }))
      .sort((a, b) => compareTimes(b.log.timestamp, a.log.timestamp) || compareIds(b.log.id, a.log.id) || b.index - a.index);
    let place = 0;
    for (const { log } of newestFirst) {
      if (this.known.has(log.id)) continue;
      while (place < this.rows.length && isNewer(this.rows[place], log)) place += 1;
      if (place >= rowsAtMost) {
        this.trimmed = true;
        break;
      }
      const entry: Entry = { log, bytes: sizeOf(log), row: logRow(log) };
      if (entry.row !== null) this.list.insertBefore(entry.row, this.rows[place]?.row ?? null);
      this.rows.splice(place, 0, entry);
      this.known.add(log.id);
      this.bytes += entry.bytes;
    }
    while (this.rows.length > rowsAtMost || (this.bytes > bytesAtMost && this.rows.length > 1)) {
      const entry = this.rows.pop();
      if (entry === undefined) break;
      entry.row?.remove();
      this.known.delete(entry.log.id);
      this.bytes -= entry.bytes;
      this.trimmed = true;
    }
  }

  private showPill(): void {
    setText(this.pill, `${fullNumber(this.waitingCount)} new`);
    this.pill.setAttribute("aria-label", `Show ${fullNumber(this.waitingCount)} new logs`);
    show(this.pill, this.waitingCount > 0);
  }

  private showFoot(): void {
    show(this.empty, this.rows.length === 0);
    if (this.rows.length === 0) this.foot.replaceChildren();
    else if (this.trimmed || this.rows.length >= rowsAtMost) this.foot.replaceChildren(`The newest ${fullNumber(this.rows.length)} are shown.`);
    else if (this.hasOlder) this.foot.replaceChildren(this.older);
    else this.foot.replaceChildren("These are all.");
  }
}

customElements.define("log-list", LogList);

function isNewer(entry: Entry | undefined, log: Log): boolean {
  if (entry === undefined) return false;
  const difference = compareTimes(entry.log.timestamp, log.timestamp);
  return difference > 0 || (difference === 0 && compareIds(entry.log.id, log.id) > 0);
}

/** By arrival: an id ends in the low 40 bits of the sequence, as 10 hex digits. */
function compareIds(left: string, right: string): number {
  const a = left.slice(-10);
  const b = right.slice(-10);
  return a < b ? -1 : a > b ? 1 : 0;
}

function sizeOf(log: Log): number {
  return 200 + log.message.length + (log.data === null ? 0 : JSON.stringify(log.data).length);
}
