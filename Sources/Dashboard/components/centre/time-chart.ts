// A chart over time that is read and worked by pointer and by keyboard. Dragging, or shift and the arrows, chooses a
// stretch of time; what is under the pointer, or the arrows' place, is told in words. Chart.js draws.
import { Chart, ChartDataset, ChartOptions, Plugin } from "chart.js";
import { currentView } from "../../pages/view";
import { h, setText, show } from "../dom";
import { axisText } from "../format";
import { faded, onTheme, token } from "./chart-theme";
import { axisTimes } from "./intervals";

/** A drag shorter than this is a click that slipped. */
const dragPx = 5;
const axisWidth = 48;
/** Between two answers a live range leaves so many intervals behind at most, or something else is shown. */
const leftAtMost = 10;

/** Null: there is nothing to draw. */
export interface ChartPoint {
  x: number;
  y: number | null;
}

export type TimeDataset = ChartDataset<"bar" | "line", ChartPoint[]>;

/** A stretch of time that is marked, with a word. */
export interface Span {
  from: number;
  to: number;
  label: string;
}

export interface ChartContent {
  type: "bar" | "line";
  /** What it is, for who cannot see it. */
  label: string;
  /** Begins of the intervals, one after the other without a gap. */
  starts: number[];
  stepMs: number;
  /** Intervals that are not over, or cut by the range: drawn pale. */
  partial: ReadonlySet<number>;
  spans: Span[];
  datasets(): TimeDataset[];
  /** Words on an interval. */
  tip(index: number): HTMLElement;
  axisFigure(value: number, step: number): string;
}

/** Sends `brush` with `{from, to}` in milliseconds. */
export class TimeChart extends HTMLElement {
  private readonly canvas = h("canvas", { "aria-hidden": "true" });
  private readonly brush = h("div", { class: "brush", hidden: true });
  private readonly cursor = h("div", { class: "chart-cursor", hidden: true });
  private readonly tip = h("div", { class: "chart-tip", hidden: true });
  private readonly words = h("p", { class: "unseen", "aria-live": "polite" });
  private readonly box = h("div", { class: "chart-box", tabindex: "0", role: "group", "aria-roledescription": "chart" }, this.canvas, this.cursor, this.brush, this.tip);
  private chart: Chart<"bar" | "line", ChartPoint[]> | null = null;
  private content: ChartContent | null = null;
  private endTheme: () => void = () => undefined;
  // Places are begins of intervals: a live range moves on below whoever points at one.
  /** Where a drag began: its pixel in the box, and its interval. */
  private dragFrom: { x: number; start: number } | null = null;
  private dragTo: number | null = null;
  /** Where the pointer is, in pixels of the box. */
  private pointer: number | null = null;
  /** The interval of the arrows, and where shift began. */
  private at: number | null = null;
  private anchor: number | null = null;

  connectedCallback(): void {
    if (this.childElementCount === 0) {
      this.append(this.box, this.words);
      this.box.addEventListener("pointerdown", (event) => this.press(event));
      this.box.addEventListener("pointermove", (event) => this.move(event));
      this.box.addEventListener("pointerup", (event) => this.release(event));
      this.box.addEventListener("pointercancel", () => this.cancel());
      this.box.addEventListener("pointerleave", () => { this.pointer = null; if (this.dragFrom === null && this.at === null) this.point(null); });
      this.box.addEventListener("keydown", (event) => this.key(event));
      this.box.addEventListener("blur", () => this.cancel());
    }
    this.endTheme = onTheme(() => this.draw());
    if (this.content !== null) this.draw();
  }

  disconnectedCallback(): void {
    this.endTheme();
    this.chart?.destroy();
    this.chart = null;
  }

  /** Shows new content in place: nothing flickers, and what is pointed at stays pointed at. */
  show(content: ChartContent): void {
    const isOther = this.content?.stepMs !== content.stepMs;
    this.content = content;
    this.box.setAttribute("aria-label", `${content.label}. Arrow keys go from interval to interval, with shift they choose a stretch, enter zooms to it.`);
    if (isOther || (this.at !== null && this.nearest(this.at) === null)) this.cancel();
    if (this.isConnected) this.draw();
    this.pointAgain();
  }

  /** What was pointed at has moved with its time. */
  private pointAgain(): void {
    if (this.dragFrom !== null && this.dragTo !== null) this.showBrush(this.nearest(this.dragFrom.start) ?? 0, this.indexAt(this.dragTo));
    if (this.at !== null) {
      const at = this.nearest(this.at);
      this.point(at);
      if (this.anchor !== null && at !== null) this.showBrush(this.nearest(this.anchor) ?? 0, at);
    } else if (this.pointer !== null) this.point(this.indexAt(this.pointer), false);
  }

  private draw(): void {
    const { content } = this;
    if (content === null) return;
    const datasets = content.datasets();
    if (this.chart === null) {
      this.chart = new Chart<"bar" | "line", ChartPoint[]>(this.canvas, { type: content.type, data: { datasets }, options: this.options(), plugins: [this.marks] });
      return;
    }
    // The same objects with other data: Chart.js keeps its bars, and changes their lengths.
    const shown = this.chart.data.datasets;
    datasets.forEach((dataset, index) => { shown[index] = shown[index] === undefined ? dataset : Object.assign(shown[index] as object, dataset) as TimeDataset; });
    shown.length = datasets.length;
    this.chart.options = this.options();
    this.chart.update("none");
  }

  private options(): ChartOptions<"bar" | "line"> {
    const { content } = this;
    const starts = content?.starts ?? [];
    const first = starts[0] ?? 0;
    const end = (starts[starts.length - 1] ?? 0) + (content?.stepMs ?? 1);
    const view = currentView();
    const dim = token("--dim");
    const font = { size: 11, family: token("--body-font") };
    const line = token("--line");
    let stepMs = 60_000;
    return {
      responsive: true,
      maintainAspectRatio: false,
      normalized: true,
      parsing: false,
      layout: { padding: { top: 8, right: 4 } },
      scales: {
        x: {
          // Without room beside the bars, which Chart.js leaves unless told: the ends are those of the range.
          type: "linear", min: first, max: end, offset: false, stacked: content?.type === "bar",
          grid: { display: false, offset: false, borderColor: token("--strong-line"), tickColor: line },
          ticks: { color: dim, font, maxRotation: 0, autoSkip: false, callback: (value) => axisText(Number(value), stepMs) },
          // No date adapter is packaged: round times of the reader's zone are found here.
          afterBuildTicks: (axis) => {
            const wanted = axisTimes(first, end, Math.max(2, Math.floor((this.canvas.clientWidth - axisWidth) / 72)), view);
            stepMs = wanted.stepMs;
            axis.ticks = wanted.times.map((value) => ({ value }));
          },
        },
        y: {
          type: "linear", beginAtZero: content?.type === "bar", stacked: content?.type === "bar", grace: content?.type === "bar" ? 0 : "8%",
          grid: { color: line, drawBorder: false, drawTicks: false },
          ticks: { color: dim, font, maxTicksLimit: 5, padding: 6, callback: (value, _index, ticks) => content?.axisFigure(Number(value), Math.abs((ticks[1]?.value ?? 1) - (ticks[0]?.value ?? 0))) ?? "" },
          // Of one width whatever stands there, so that charts under one another have one time axis.
          afterFit: (axis) => { axis.width = axisWidth; },
        },
      },
    };
  }

  /** Marked stretches behind the data; intervals that are not whole are veiled. */
  private readonly marks: Plugin<"bar" | "line"> = {
    id: "marks",
    beforeDatasetsDraw: (chart) => {
      const pen = chart.ctx;
      const { left, right, top, bottom } = chart.chartArea;
      let labelEnd = -Infinity;
      for (const span of this.content?.spans ?? []) {
        const from = Math.max(left, chart.scales.x?.getPixelForValue(span.from) ?? left);
        const to = Math.min(right, Math.max(from + 2, chart.scales.x?.getPixelForValue(span.to) ?? right));
        if (to < left || from > right) continue;
        const accent = token("--accent");
        pen.save();
        pen.fillStyle = faded(accent, 0.13);
        pen.fillRect(from, top, to - from, bottom - top);
        pen.fillStyle = accent;
        pen.fillRect(from, top, 1, bottom - top);
        pen.fillRect(to - 1, top, 1, bottom - top);
        pen.font = `600 11px ${token("--body-font")}`;
        const width = pen.measureText(span.label).width;
        const x = Math.min(from + 4, right - width - 2);
        if (x > labelEnd) {
          pen.fillText(span.label, x, top + 10);
          labelEnd = x + width + 6;
        }
        pen.restore();
      }
    },
    afterDatasetsDraw: (chart) => {
      const { content } = this;
      if (content === null || content.type !== "bar") return;
      const pen = chart.ctx;
      const { left, right, top, bottom } = chart.chartArea;
      pen.save();
      for (const index of content.partial) {
        const start = content.starts[index];
        if (start === undefined || chart.scales.x === undefined) continue;
        const from = Math.max(left, chart.scales.x.getPixelForValue(start));
        const to = Math.min(right, chart.scales.x.getPixelForValue(start + content.stepMs));
        pen.fillStyle = faded(token("--panel"), 0.55);
        pen.fillRect(from, top, to - from, bottom - top);
        pen.strokeStyle = token("--strong-line");
        pen.setLineDash([2, 3]);
        const edge = index === 0 ? to : from;
        pen.beginPath();
        pen.moveTo(edge, top);
        pen.lineTo(edge, bottom);
        pen.stroke();
      }
      pen.restore();
    },
  };

  // MARK: Pointer

  private press(event: PointerEvent): void {
    if (event.button !== 0 || this.content === null) return;
    const x = this.placeOf(event);
    this.dragFrom = { x, start: this.content.starts[this.indexAt(x)] ?? 0 };
    this.dragTo = null;
    this.anchor = null;
    this.box.setPointerCapture(event.pointerId);
  }

  private move(event: PointerEvent): void {
    const x = this.placeOf(event);
    this.pointer = x;
    if (this.dragFrom !== null && (this.dragTo !== null || Math.abs(x - this.dragFrom.x) > dragPx)) {
      this.dragTo = x;
      this.showBrush(this.nearest(this.dragFrom.start) ?? 0, this.indexAt(x));
    }
    this.point(this.indexAt(x), false);
  }

  private release(event: PointerEvent): void {
    const { dragFrom, dragTo } = this;
    this.box.releasePointerCapture(event.pointerId);
    this.dragFrom = this.dragTo = null;
    show(this.brush, false);
    if (dragFrom === null || dragTo === null) return;
    this.choose(this.nearest(dragFrom.start) ?? 0, this.indexAt(dragTo));
  }

  private cancel(): void {
    this.dragFrom = this.dragTo = this.anchor = null;
    show(this.brush, false);
    this.point(null);
  }

  // MARK: Keys

  private key(event: KeyboardEvent): void {
    const last = (this.content?.starts.length ?? 0) - 1;
    if (last < 0 || event.ctrlKey || event.altKey || event.metaKey) return;
    const here = this.at === null ? null : this.nearest(this.at);
    const place = here ?? last + 1;
    const steps: Record<string, number> = { ArrowLeft: place - 1, ArrowRight: here === null ? last : place + 1, PageUp: place - 10, PageDown: place + 10, Home: 0, End: last };
    const wanted = steps[event.key];
    if (wanted !== undefined) {
      const to = Math.min(last, Math.max(0, wanted));
      if (event.shiftKey) this.anchor ??= this.content?.starts[here ?? to] ?? null;
      else this.anchor = null;
      this.point(to);
      if (this.anchor !== null) this.showBrush(this.nearest(this.anchor) ?? to, to);
      else show(this.brush, false);
    } else if (event.key === "Enter" && here !== null) {
      this.choose((this.anchor === null ? null : this.nearest(this.anchor)) ?? here, here);
    } else if (event.key === "Escape" && (this.at !== null || this.dragFrom !== null)) {
      this.cancel();
      // It was for the chart: nothing else is to be closed by it.
      event.stopPropagation();
    } else {
      return;
    }
    event.preventDefault();
  }

  // MARK: Places

  private choose(a: number, b: number): void {
    const starts = this.content?.starts ?? [];
    const [low, high] = [Math.min(a, b), Math.max(a, b)];
    const from = starts[low];
    const until = starts[high];
    if (this.content === null || from === undefined || until === undefined) return;
    this.cancel();
    this.dispatchEvent(new CustomEvent("brush", { detail: { from, to: until + this.content.stepMs } }));
  }

  /** The place of an interval by its begin; one that a live range has just left is its first. Null: it is elsewhere. */
  private nearest(start: number): number | null {
    const { starts, stepMs } = this.content ?? { starts: [], stepMs: 1 };
    const index = Math.floor((start - (starts[0] ?? 0)) / stepMs);
    return index >= starts.length || index < -leftAtMost ? null : Math.max(0, index);
  }

  private placeOf(event: PointerEvent): number {
    return event.clientX - this.box.getBoundingClientRect().left;
  }

  private indexAt(x: number): number {
    const scale = this.chart?.scales.x;
    const starts = this.content?.starts ?? [];
    if (scale === undefined || this.content === null) return 0;
    const index = Math.floor(((scale.getValueForPixel(x) ?? 0) - (starts[0] ?? 0)) / this.content.stepMs);
    return Math.min(starts.length - 1, Math.max(0, index));
  }

  /** Tells of an interval; by keyboard to a screen reader, too. */
  private point(index: number | null, aloud = true): void {
    const { content } = this;
    const scale = this.chart?.scales.x;
    const area = this.chart?.chartArea;
    const start = index === null ? undefined : content?.starts[index];
    this.at = aloud ? start ?? null : null;
    show(this.cursor, start !== undefined);
    show(this.tip, start !== undefined);
    if (content === null || index === null || start === undefined || scale === undefined || area === undefined) {
      setText(this.words, "");
      return;
    }
    const from = scale.getPixelForValue(start);
    const to = scale.getPixelForValue(start + content.stepMs);
    // By the CSSOM, which the content security policy allows; a style in the markup it would not.
    this.cursor.style.transform = `translateX(${from}px)`;
    this.cursor.style.width = `${Math.max(1, to - from)}px`;
    this.cursor.style.top = `${area.top}px`;
    this.cursor.style.height = `${area.bottom - area.top}px`;
    const words = content.tip(index);
    this.tip.replaceChildren(words);
    if (aloud && document.activeElement === this.box) setText(this.words, [...words.children].map((line) => line.textContent ?? "").join(", "));
    const width = this.tip.offsetWidth;
    const right = to + 8 + width <= this.box.clientWidth;
    this.tip.style.transform = `translate(${right ? to + 8 : Math.max(0, from - 8 - width)}px, ${area.top}px)`;
  }

  private showBrush(a: number, b: number): void {
    const scale = this.chart?.scales.x;
    const area = this.chart?.chartArea;
    const starts = this.content?.starts ?? [];
    const from = starts[Math.min(a, b)];
    const to = starts[Math.max(a, b)];
    if (scale === undefined || area === undefined || from === undefined || to === undefined || this.content === null) return;
    const left = scale.getPixelForValue(from);
    this.brush.style.transform = `translateX(${left}px)`;
    this.brush.style.width = `${scale.getPixelForValue(to + this.content.stepMs) - left}px`;
    this.brush.style.top = `${area.top}px`;
    this.brush.style.height = `${area.bottom - area.top}px`;
    show(this.brush, true);
  }
}

customElements.define("time-chart", TimeChart);
