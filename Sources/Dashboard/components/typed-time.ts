// What a reader types as a time: `2026-11-23 14:00`, `14:00`, `90m`, `yesterday 8:30`, or a time as a log shows it.
import { hubNow } from "../api/hub-clock";
import { moment, spanMs } from "../pages/range";
import { momentOf, wallTime } from "./zone";

const dayMs = 86_400_000;

/** The moment that a text means in a zone; NaN when it means none. An empty text and `now` are now. */
export function readTyped(text: string, zone: string | null, now = hubNow()): number {
  const typed = text.trim().toLowerCase().replace(/\s+ago$/, "").replace(/\s+/g, " ");
  if (typed === "" || typed === "now") return now;
  const span = spanMs(typed.replace(/ /g, ""));
  if (span !== null) return now - span;
  const match = /^(?:(\d{4})-(\d{1,2})-(\d{1,2})|(today|yesterday))?[ t,]*(?:(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?$/.exec(typed);
  if (match === null) return moment(text.trim(), now);
  const [, year, month, day, word, hour, minute, second, fraction] = match;
  const today = wallTime(word === "yesterday" ? now - dayMs : now, zone);
  const wall = {
    year: Number(year ?? today.year), month: Number(month ?? today.month), day: Number(day ?? today.day),
    hour: Number(hour ?? 0), minute: Number(minute ?? 0), second: Number(second ?? 0), millisecond: Number((fraction ?? "0").padEnd(3, "0").slice(0, 3)),
  };
  const exists = wall.month >= 1 && wall.month <= 12 && wall.day >= 1 && wall.day <= 31 && wall.hour < 24 && wall.minute < 60 && wall.second < 60;
  if (!exists || new Date(Date.UTC(wall.year, wall.month - 1, wall.day)).getUTCDate() !== wall.day) return NaN;
  return momentOf(wall, zone);
}
