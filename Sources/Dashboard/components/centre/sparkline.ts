// A field's course at a glance: one path of SVG, with its trends shaded behind. Hundreds of them cost little.
import { Point, Trend } from "../../api/series";

const space = "http://www.w3.org/2000/svg";
const width = 120;
const height = 24;

export class Sparkline {
  readonly element = document.createElementNS(space, "svg");
  private readonly spans = document.createElementNS(space, "path");
  private readonly line = document.createElementNS(space, "path");

  constructor() {
    this.element.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.element.setAttribute("preserveAspectRatio", "none");
    this.element.setAttribute("class", "sparkline");
    this.element.setAttribute("aria-hidden", "true");
    this.spans.setAttribute("class", "sparkline-span");
    this.line.setAttribute("class", "sparkline-line");
    this.element.append(this.spans, this.line);
  }

  /** Draws averages; where there are none, the line has a gap. */
  show(points: (Point | null)[], starts: number[], stepMs: number, trends: Trend[]): void {
    const values = points.map((point) => point?.avg ?? null);
    const known = values.filter((value): value is number => value !== null && Number.isFinite(value));
    const low = known.reduce((least, value) => Math.min(least, value), Infinity);
    const high = known.reduce((most, value) => Math.max(most, value), -Infinity);
    const step = width / Math.max(1, values.length);
    // A constant is a line in the middle. Halved first: the span of two doubles may be none.
    const place = (value: number): number => (high > low ? height - 2 - ((value / 2 - low / 2) / (high / 2 - low / 2)) * (height - 4) : height / 2);
    let path = "";
    let drawing = false;
    values.forEach((value, index) => {
      if (value === null || !Number.isFinite(value)) {
        drawing = false;
        return;
      }
      const x = (index + 0.5) * step;
      // A value between two gaps is a dash.
      path += drawing ? `L${x.toFixed(1)} ${place(value).toFixed(1)}` : `M${(x - 0.4).toFixed(1)} ${place(value).toFixed(1)}h0.8`;
      drawing = true;
    });
    this.line.setAttribute("d", path);
    const first = starts[0] ?? 0;
    const scale = width / Math.max(1, values.length * stepMs);
    this.spans.setAttribute("d", trends.map((trend) => {
      const from = Math.max(0, (trend.from - first) * scale);
      const to = Math.min(width, Math.max(from + 1.5, (trend.to - first) * scale));
      return `M${from.toFixed(1)} 0H${to.toFixed(1)}V${height}H${from.toFixed(1)}Z`;
    }).join(""));
  }
}
