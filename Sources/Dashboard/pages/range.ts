// From when to when, as the address says it: `15m` before now, or a time of RFC 3339.

import { hubNow } from "../api/hub-clock";

export interface Range {
  from: number;
  to: number;
}

const units: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
/** The hub keeps hours or days; beyond ten years a number was mistyped. */
const longestMs = 10 * 365 * 86_400_000;

/** How long `90m` is; null when it is not of that form. */
export function spanMs(text: string): number | null {
  const match = /^(\d{1,9})([smhdw])$/.exec(text);
  if (match === null) return null;
  const span = Number(match[1]) * (units[match[2] ?? ""] ?? 0);
  return span > 0 && span <= longestMs ? span : null;
}

/** A span in its largest whole unit: 90m, 2h, 1d. Seconds are as exact as it gets. */
export function spanText(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1_000));
  for (const [unit, length] of [["h", 3_600], ["m", 60]] as const) {
    if (seconds % length === 0) return `${seconds / length}${unit}`;
  }
  return `${seconds}s`;
}

/** 90 minutes, 2 hours, 3 days */
export function spanWords(ms: number): string {
  const minutes = ms / 60_000;
  const say = (count: number, unit: string): string => (count === 1 ? unit : `${count} ${unit}s`);
  if (minutes < 1 || minutes % 1 !== 0) return say(Math.round(ms / 1_000), "second");
  if (minutes % 1_440 === 0 && minutes > 2_880) return say(minutes / 1_440, "day");
  return minutes % 60 === 0 ? say(minutes / 60, "hour") : say(minutes, "minute");
}

/** A moment of the address: RFC 3339, `15m` before now, or a number since 1970 in s or ms. NaN when it is none. */
export function moment(text: string, now = hubNow()): number {
  const span = spanMs(text);
  if (span !== null) return now - span;
  if (text === "now") return now;
  if (/^\d{9,11}(\.\d+)?$/.test(text)) return Number(text) * 1_000;
  if (/^\d{12,14}$/.test(text)) return Number(text);
  return /^\d{4}-\d\d-\d\d([T ]|$)/.test(text) ? Date.parse(text.length > 10 && !/(Z|[+-]\d\d:?\d\d)$/i.test(text) ? `${text.replace(" ", "T")}Z` : text) : NaN;
}

/** The range that a view's `since` and `until` mean now, by the hub's clock. It is never empty, even of a view that begins in the future. */
export function rangeOf(view: { since: string; until: string | null }, now = hubNow()): Range {
  const to = view.until === null ? now : moment(view.until, now);
  return { from: Math.min(moment(view.since, now), to - 1_000), to };
}

/** A moment as the address has it. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace(".000Z", "Z");
}
