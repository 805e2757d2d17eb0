// A field of the logs' data: its course at a glance; unfolded, a chart of least, average and most, what changed in it, and
// a table. The chart is made when it is unfolded, and gone when it is folded.
import { hubNow } from "../../api/hub-clock";
import { Point, Series, Trend } from "../../api/series";
import { h, icon, setText, show } from "../dom";
import { fullNumber, lengthText, momentText, stretchText } from "../format";
import { keepingFocus } from "../kept-focus";
import { clip, visible } from "../visible-text";
import { faded, token } from "./chart-theme";
import { axisFigure, figure } from "./number-text";
import { Sparkline } from "./sparkline";
import { ChartPoint, TimeChart, TimeDataset } from "./time-chart";
import { changeOf, sureness, trendName } from "./trend-words";
import { showTime } from "./zoom";

const nameLength = 120;
const tableRows = 24;
const chipsAtMost = 3;

export class FieldRow {
  private readonly spark = new Sparkline();
  private readonly chips = h("span", { class: "trend-chips" });
  private readonly last = h("span", { class: "field-last number" });
  private readonly span = h("span", { class: "field-span number" });
  private readonly button: HTMLButtonElement;
  private readonly body = h("div", { class: "field-body", hidden: true });
  private chart: TimeChart | null = null;
  private trendList = h("ul", { class: "trend-list" });
  private rows = h("tbody");
  private more = h("button", { type: "button", class: "small-button" });
  private whole = false;
  private series: Series | null = null;
  readonly element: HTMLElement;

  constructor(readonly name: string, private readonly toggled: (row: FieldRow) => void) {
    this.button = h("button", { type: "button", class: "field-head", "aria-expanded": "false", onclick: () => this.toggled(this) },
      icon("M6 4l4 4l-4 4"), h("bdi", { class: "field-name", title: visible(clip(name, 512)) }, visible(clip(name, nameLength))), this.chips, this.spark.element, this.last, this.span);
    this.element = h("li", { class: "data-field", "data-key": name }, this.button, this.body);
  }

  get isOpen(): boolean {
    return this.chart !== null;
  }

  open(): void {
    if (this.chart !== null) return;
    this.chart = new TimeChart();
    this.chart.addEventListener("brush", (event) => {
      const { from, to } = (event as CustomEvent<{ from: number; to: number }>).detail;
      showTime(from, to);
    });
    this.more.onclick = () => {
      this.whole = true;
      this.fillTable();
    };
    const number = (text: string): HTMLElement => h("th", { scope: "col", class: "number" }, text);
    this.body.append(this.trendList, this.chart,
      h("p", { class: "chart-key" }, h("span", { class: "key-line" }), "average", h("span", { class: "key-band" }), "least to most"),
      h("div", { class: "table-scroller", tabindex: "0", role: "group", "aria-label": `${visible(clip(this.name, nameLength))} by interval` },
        h("table", { class: "plain-table" }, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Time"), number("Least"), number("Average"), number("Most"), number("Last"), number("Values"))), this.rows)), this.more);
    show(this.body, true);
    this.button.setAttribute("aria-expanded", "true");
    this.draw();
  }

  close(): void {
    this.chart = null;
    this.whole = false;
    this.rows.replaceChildren();
    this.body.replaceChildren();
    show(this.body, false);
    this.button.setAttribute("aria-expanded", "false");
  }

  show(series: Series): void {
    this.series = series;
    this.draw();
  }

  draw(): void {
    const { series } = this;
    if (series === null) return;
    const points = series.fields.get(this.name) ?? [];
    const trends = series.trends.filter((trend) => trend.subject === "field" && trend.field === this.name).sort((a, b) => b.confidence - a.confidence);
    this.spark.show(points, series.starts, series.intervalMs, trends);
    const known = points.filter((point): point is Point => point !== null);
    setText(this.last, figure(known[known.length - 1]?.last ?? null));
    const low = known.reduce<number | null>((least, point) => (point.min === null ? least : Math.min(least ?? Infinity, point.min)), null);
    const high = known.reduce<number | null>((most, point) => (point.max === null ? most : Math.max(most ?? -Infinity, point.max)), null);
    setText(this.span, known.length === 0 ? "" : `${figure(low)} \u2026 ${figure(high)}`);
    // One of each kind is enough at a glance.
    const kinds = [...new Set(trends.map((trend) => trend.kind))].slice(0, chipsAtMost);
    const chipText = kinds.join(" ");
    if (this.chips.dataset.kinds !== chipText) {
      this.chips.dataset.kinds = chipText;
      this.chips.replaceChildren(...kinds.map((kind) => h("span", { class: `trend-chip trend-${kind}` }, trendName(kind))));
    }
    this.drawChart(points, trends);
  }

  private drawChart(points: (Point | null)[], trends: Trend[]): void {
    const { series, chart } = this;
    if (series === null || chart === null) return;
    keepingFocus(this.trendList, () => this.trendList.replaceChildren(...trends.map((trend) => trendLine(trend))));
    show(this.trendList, trends.length > 0);
    const middle = series.intervalMs / 2;
    const line = (pick: (point: Point) => number | null): ChartPoint[] =>
      points.map((point, index) => ({ x: (series.starts[index] ?? 0) + middle, y: point === null ? null : pick(point) }));
    const alone = points.filter((point) => point !== null).length < 3;
    chart.show({
      type: "line",
      label: `${visible(clip(this.name, nameLength))} over time: least, average and most`,
      starts: series.starts,
      stepMs: series.intervalMs,
      partial: new Set(),
      spans: trends.map((trend) => ({ from: trend.from, to: trend.to, label: trendName(trend.kind) })),
      datasets: () => {
        const colour = token("--info");
        const base = { type: "line" as const, spanGaps: false, borderJoinStyle: "round" as const, pointRadius: alone ? 3 : 0, pointBackgroundColor: colour };
        const sets: TimeDataset[] = [
          { ...base, label: "most", data: line((point) => point.max), borderWidth: 1, borderColor: faded(colour, 0.45), backgroundColor: faded(colour, 0.16), fill: 1 },
          { ...base, label: "least", data: line((point) => point.min), borderWidth: 1, borderColor: faded(colour, 0.45), fill: false },
          { ...base, label: "average", data: line((point) => point.avg), borderWidth: 2, borderColor: colour, fill: false },
        ];
        return sets;
      },
      tip: (index) => this.tip(index),
      axisFigure,
    });
    this.fillTable();
  }

  private tip(index: number): HTMLElement {
    const { series } = this;
    const words = h("div", { class: "tip-words" });
    if (series === null) return words;
    const start = series.starts[index] ?? 0;
    const point = series.fields.get(this.name)?.[index] ?? null;
    words.append(h("p", { class: "tip-time" }, stretchText(start, start + series.intervalMs)));
    if (point === null) {
      words.append(h("p", { class: "tip-line" }, "no values"));
      return words;
    }
    for (const [name, value] of [["most", point.max], ["average", point.avg], ["least", point.min]] as const) {
      words.append(h("p", { class: "tip-line" }, h("span", { class: "tip-name" }, `${name} `), h("span", { class: "tip-figure" }, figure(value))));
    }
    words.append(h("p", { class: "tip-line tip-sum" }, h("span", { class: "tip-name" }, "values "), h("span", { class: "tip-figure" }, fullNumber(point.count))));
    return words;
  }

  private fillTable(): void {
    const { series } = this;
    if (series === null || this.chart === null) return;
    const points = series.fields.get(this.name) ?? [];
    const filled: HTMLElement[] = [];
    let left = 0;
    for (let index = points.length - 1; index >= 0; index--) {
      const point = points[index];
      if (point === null || point === undefined) continue;
      if (filled.length >= tableRows && !this.whole) {
        left++;
        continue;
      }
      const start = series.starts[index] ?? 0;
      const cell = (value: number | null): HTMLElement => h("td", { class: "number", title: value === null ? "" : String(value) }, figure(value));
      filled.push(h("tr", {}, h("th", { scope: "row" }, stretchText(start, start + series.intervalMs)), cell(point.min), cell(point.avg), cell(point.max), cell(point.last), h("td", { class: "number" }, fullNumber(point.count))));
    }
    this.rows.replaceChildren(...filled);
    show(this.more, left > 0);
    setText(this.more, `Show ${fullNumber(left)} more intervals of ${lengthText(series.intervalMs)}`);
  }
}

function trendLine(trend: Trend): HTMLElement {
  const length = trend.to - trend.from;
  return h("li", { class: "trend-line", "data-key": `${trend.kind} ${trend.from}` },
    h("span", { class: `trend-chip trend-${trend.kind}` }, trendName(trend.kind)),
    h("button", { type: "button", class: "time-link", title: "Show this time", onclick: () => showTime(trend.from - Math.max(length / 2, 600_000), trend.to + Math.max(length / 2, 600_000)) },
      trend.to >= hubNow() - 600_000 ? `${momentText(trend.from)} \u2013 now` : stretchText(trend.from, trend.to)),
    h("span", { class: "trend-change" }, changeOf(trend)),
    h("span", { class: "trend-sure", title: `confidence ${trend.confidence.toFixed(2)}` }, sureness(trend)));
}
