// From a chart, a trend or a finding to its stretch of time, and back out of it.
import { hubNow } from "../../api/hub-clock";
import { rangeOf, timestamp } from "../../pages/range";
import { View, changeView, usualRange } from "../../pages/view";

/** So little around nothing is still something to see. */
const leastHalfMs = 30_000;

/** Shows a stretch of time; one that reaches now stays live. */
export function showTime(from: number, to: number): void {
  changeView({ since: timestamp(from), until: to >= hubNow() ? null : timestamp(to) });
}

/** Shows twice as much time around what is shown; as far as logs are kept it is the usual, live range again. */
export function widen(view: View, retentionHours: number): void {
  const now = hubNow();
  const { from, to } = rangeOf(view, now);
  const half = Math.max((to - from) / 2, leastHalfMs);
  const begin = Math.max(from - half, now - retentionHours * 3_600_000);
  if (to + half < now) showTime(begin, to + half);
  else if (now - begin >= 23 * 3_600_000) changeView({ since: usualRange, until: null });
  else showTime(begin, now);
}
