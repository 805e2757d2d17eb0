// A long list of which only what can be seen is on the page. All rows have one height, but for the opened one, whose own
// height is measured; so a row's place is a multiplication, however many there are. Rows that leave the view are used again.
//
//   scroller ── list (as high as all rows together)
//                 ├ row   absolute, at  index * height  (+ what the opened row before it has more)
//                 └ row   … those in view and a few around
import { Log } from "../../api/types";
import { LogRow, RowStyle } from "./log-row";

/** Rows kept above and below what is seen: what a fast wheel or the tab key needs before the next frame. */
const spareRows = 8;
/** A view of any height shows no more: more than the tallest screen has, and a bound whatever a layout makes of the list. */
const viewRowsAtMost = 250;

export interface RowSource {
  readonly count: number;
  at(index: number): Log | null;
  indexOf(id: string): number;
}

export class VirtualRows {
  /** By the log's id, in order of the page. */
  private shown = new Map<string, LogRow>();
  private spare: LogRow[] = [];
  private viewHeight = 0;
  private openHeight = 0;
  private frame = 0;
  private details: HTMLElement | null = null;
  private style: RowStyle = { wide: false, hits: null, zone: null };
  private styleVersion = 0;
  private rowHeight = 52;
  openId: string | null = null;
  /** The row that the keyboard is on. */
  activeId: string | null = null;

  private readonly openObserver = new ResizeObserver(() => this.measureOpen());
  private readonly viewObserver = new ResizeObserver(() => {
    this.viewHeight = this.scroller.clientHeight;
    this.render();
  });

  constructor(
    private readonly scroller: HTMLElement,
    private readonly list: HTMLElement,
    private readonly source: RowSource,
    /** Hears that the view moved or the list changed, after each rendering. */
    private readonly rendered: (last: number) => void,
  ) {}

  connect(): void {
    this.viewObserver.observe(this.scroller);
    this.viewHeight = this.scroller.clientHeight;
  }

  disconnect(): void {
    this.viewObserver.disconnect();
    this.openObserver.disconnect();
    cancelAnimationFrame(this.frame);
    this.frame = 0;
  }

  /** How rows look; all on the page are made anew. */
  restyle(style: RowStyle, rowHeight: number): void {
    const top = this.topIndex();
    const moved = this.scroller.scrollTop > 0 && rowHeight !== this.rowHeight;
    this.style = style;
    this.styleVersion += 1;
    this.rowHeight = rowHeight;
    this.render();
    if (moved) this.scroller.scrollTop = this.placeOf(top);
  }

  /** Renders before the next frame, once for however many changes. */
  schedule(): void {
    if (this.frame === 0) this.frame = requestAnimationFrame(() => this.render());
  }

  /** Opens a log's row with what belongs under it, or closes it. What the reader looks at stays where it is. */
  open(id: string | null, details: HTMLElement | null): void {
    const anchor = id ?? this.openId;
    const before = anchor === null ? null : this.topOf(anchor);
    this.openObserver.disconnect();
    this.details?.remove();
    this.openId = id;
    this.details = details;
    this.openHeight = 0;
    this.render();
    this.measureOpen();
    const after = anchor === null ? null : this.topOf(anchor);
    if (before !== null && after !== null && before !== after) this.scroller.scrollTop += after - before;
  }

  /** Moves the view as little as brings a row into it. */
  reveal(index: number, centred = false): void {
    const top = this.placeOf(index);
    const height = this.rowHeight + (this.source.at(index)?.id === this.openId ? this.openHeight : 0);
    const { scrollTop } = this.scroller;
    if (centred) this.scroller.scrollTop = Math.max(0, top - this.viewHeight / 3);
    else if (top < scrollTop) this.scroller.scrollTop = top;
    else if (top + height > scrollTop + this.viewHeight) this.scroller.scrollTop = Math.min(top, top + height - this.viewHeight);
    this.render();
  }

  row(id: string): LogRow | null {
    return this.shown.get(id) ?? null;
  }

  /** Rows that fit into the view. */
  get pageRows(): number {
    return Math.max(1, Math.floor(this.viewHeight / this.rowHeight) - 1);
  }

  /** The place of the first row in view. */
  topIndex(): number {
    return this.indexAt(this.scroller.scrollTop);
  }

  /** The place of the last row in view; -1: there is none. */
  bottomIndex(): number {
    return Math.min(this.source.count - 1, this.indexAt(this.scroller.scrollTop + this.viewHeight));
  }

  render(): void {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const { count } = this.source;
    const open = this.openIndex();
    const total = `${count * this.rowHeight + (open < 0 ? 0 : this.openHeight)}px`;
    if (this.list.style.height !== total) this.list.style.height = total;
    const top = this.scroller.scrollTop;
    const first = Math.max(0, this.indexAt(top) - spareRows);
    const last = Math.min(count - 1, first + viewRowsAtMost, this.indexAt(top + this.viewHeight) + spareRows);
    this.place(first, last, open);
    this.rendered(last);
  }

  /** Puts the rows of these places on the page: those that are there stay, the others are used again. */
  private place(first: number, last: number, open: number): void {
    const wanted = new Map<string, [Log, number]>();
    for (let index = first; index <= last; index++) {
      const log = this.source.at(index);
      if (log !== null) wanted.set(log.id, [log, index]);
    }
    let focusLost = false;
    for (const [id, row] of this.shown) {
      if (wanted.has(id)) continue;
      focusLost ||= row.element.contains(document.activeElement);
      if (id === this.openId) this.details?.remove();
      this.shown.delete(id);
      this.spare.push(row);
    }
    // The keyboard stays in the list when its row scrolls away.
    if (focusLost) this.scroller.focus({ preventScroll: true });
    const placed = new Map<string, LogRow>();
    const spare = new Map(this.spare.map((row) => [row.element as Element, row]));
    let next = this.list.firstElementChild;
    for (const [id, [log, index]] of wanted) {
      const kept = this.shown.get(id);
      // A row that stays is not moved: it may have the focus.
      while (kept !== undefined && next !== null && spare.has(next)) next = next.nextElementSibling;
      // Otherwise the one that stands here already, when it is free: most often nothing has to be moved.
      const here = next === null ? undefined : spare.get(next);
      const free: LogRow | undefined = here ?? (spare.values().next().value as LogRow | undefined);
      const row: LogRow = kept ?? free ?? new LogRow();
      spare.delete(row.element);
      row.bind(log, this.style, this.styleVersion);
      row.stand(index, this.placeOf(index, open), this.source.count, id === this.openId, id === this.activeId || (this.activeId === null && index === 0));
      if (row.element === next) next = next.nextElementSibling;
      else this.list.insertBefore(row.element, next);
      if (id === this.openId && this.details !== null && this.details.parentNode !== row.element) {
        row.element.append(this.details);
        this.openObserver.observe(row.element);
      }
      placed.set(id, row);
    }
    this.shown = placed;
    for (const row of spare.values()) row.element.remove();
    this.spare = [...spare.values()].slice(0, spareRows * 4);
  }

  private measureOpen(): void {
    const row = this.openId === null ? undefined : this.shown.get(this.openId);
    if (row === undefined || this.details === null) return;
    const height = Math.max(0, row.element.offsetHeight - this.rowHeight);
    if (height === this.openHeight) return;
    this.openHeight = height;
    this.render();
  }

  private openIndex(): number {
    return this.openId === null ? -1 : this.source.indexOf(this.openId);
  }

  private placeOf(index: number, open = this.openIndex()): number {
    return index * this.rowHeight + (open >= 0 && index > open ? this.openHeight : 0);
  }

  private topOf(id: string): number | null {
    const index = this.source.indexOf(id);
    return index < 0 ? null : this.placeOf(index);
  }

  private indexAt(pixels: number): number {
    const open = this.openIndex();
    const beyond = open < 0 ? Infinity : (open + 1) * this.rowHeight;
    if (pixels < beyond) return Math.floor(Math.max(0, pixels) / this.rowHeight);
    return Math.max(open, Math.floor((pixels - this.openHeight) / this.rowHeight));
  }
}
