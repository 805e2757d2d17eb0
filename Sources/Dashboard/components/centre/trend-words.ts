// A trend in words: what it is called, what changed, and how sure it is.
import { Trend, TrendKind } from "../../api/series";
import { figure } from "./number-text";

const names: Record<TrendKind, string> = { rising: "rising", falling: "falling", spike: "spike", drop: "drop", shift: "shift", silent: "silent" };
const arrows: Record<TrendKind, string> = { rising: "\u2197", falling: "\u2198", spike: "\u2303", drop: "\u2304", shift: "\u21e5", silent: "\u2205" };

/** `↗ rising` */
export function trendName(kind: TrendKind): string {
  return `${arrows[kind]} ${names[kind]}`;
}

/** `21.6 → 38.2 (+16.6)` */
export function changeOf(trend: Trend): string {
  const { before, after } = trend;
  if (before === null || after === null) return before === null ? "" : `before ${figure(before)}`;
  const change = after - before;
  return `${figure(before)} \u2192 ${figure(after)} (${change > 0 ? "+" : ""}${figure(change)})`;
}

/** The confidence is an order, no probability: so words, and the number for who wants it. */
export function sureness(trend: Trend): string {
  return trend.confidence >= 0.9 ? "clear" : trend.confidence >= 0.7 ? "likely" : "faint";
}
