// A range in words: what the picker's button, the tree's head and an embedded page's title say.
import { View } from "../pages/view";
import { moment, spanMs, spanWords } from "../pages/range";
import { typedTime } from "./format";

/** Last 24 hours; 23 Nov 12:00 to 14:00; since 2026-11-23 12:00. */
export function rangeWords({ since, until, zone }: Pick<View, "since" | "until" | "zone">): string {
  const span = spanMs(since);
  if (span !== null && until === null) return `Last ${spanWords(span)}`;
  const from = typedTime(moment(since), zone);
  if (until === null) return `Since ${from}`;
  const to = typedTime(moment(until), zone);
  // The same day is said once.
  return `${from} \u2013 ${to.slice(0, 10) === from.slice(0, 10) ? to.slice(11) : to}`;
}
