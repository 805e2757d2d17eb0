// The intervals that a range is counted in, and the places of an axis' words.
import { hubNow } from "../../api/hub-clock";
import { Range } from "../../pages/range";
import { View } from "../../pages/view";
import { momentOf, wallTime } from "../zone";

/** Lengths of intervals, in seconds: what a clock's face has. */
const lengths = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400];
const placesAtMost = 400;

/** An interval that makes about so many, and never more than twice as many. */
export function intervalFor({ from, to }: Range, about: number): number {
  const wanted = (to - from) / about / 1_000;
  const found = lengths.find((length) => length >= wanted * 0.75) ?? Math.ceil(wanted / 86_400) * 86_400;
  return found * 1_000;
}

/** Times for an axis: round hours and days of the reader's zone, or, where times are relative, round whiles before now. */
export function axisTimes(from: number, to: number, atMost: number, { zone, relative }: Pick<View, "zone" | "relative">): { times: number[]; stepMs: number } {
  const steps = [...lengths, 172_800, 604_800].map((length) => length * 1_000);
  const stepMs = steps.find((step) => (to - from) / step <= atMost) ?? (to - from) / Math.max(1, atMost);
  const times: number[] = [];
  if (relative) {
    const now = hubNow();
    for (let time = now - Math.max(0, Math.ceil((now - to) / stepMs)) * stepMs; time >= from && times.length < placesAtMost; time -= stepMs) times.unshift(time);
    return { times, stepMs };
  }
  // Counted from midnight there, so that 6 hours are 00, 06, 12, 18 in every zone.
  const midnight = momentOf({ ...wallTime(from, zone), hour: 0, minute: 0, second: 0, millisecond: 0 }, zone);
  for (let time = midnight; time <= to && times.length < placesAtMost; time += stepMs) if (time >= from) times.push(time);
  return { times, stepMs };
}
