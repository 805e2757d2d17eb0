// Numbers, sizes and times as people read them. Times are in the view's zone, and as the view shows them: by the clock, or
// how long ago. What shows a time for long uses `timeElement` (time-element.ts), which follows by itself.
import { hubNow } from "../api/hub-clock";
import { currentView } from "../pages/view";
import { WallTime, offsetText, wallTime } from "./zone";

const grouped = new Intl.NumberFormat("en-US");
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** 1,234,567 */
export function fullNumber(value: number): string {
  return grouped.format(Math.round(value));
}

/** 999, 1.2k, 34k, 5.6M: at most four characters and a unit. */
export function shortNumber(value: number): string {
  if (value < 1_000) return String(Math.round(value));
  for (const [unit, size] of [["k", 1e3], ["M", 1e6], ["G", 1e9]] as const) {
    const scaled = value / size;
    if (scaled < 9.95) return `${scaled.toFixed(1)}${unit}`;
    if (scaled < 999.5) return `${Math.round(scaled)}${unit}`;
  }
  return `${Math.round(value / 1e12)}T`;
}

/** 0, 0.4, 12, 3.4k */
export function rate(value: number): string {
  if (value > 0 && value < 0.05) return "<0.1";
  return value < 9.95 ? value.toFixed(1).replace(/\.0$/, "") : shortNumber(value);
}

/** 812 B, 3.4 KiB, 1.2 GiB */
export function bytes(value: number): string {
  let scaled = value;
  for (const unit of ["B", "KiB", "MiB", "GiB"]) {
    if (scaled < 1023.5) return `${scaled < 9.95 && unit !== "B" ? scaled.toFixed(1) : Math.round(scaled)} ${unit}`;
    scaled /= 1024;
  }
  return `${scaled.toFixed(1)} TiB`;
}

/** 12 %, <1 % */
export function share(part: number, whole: number): string {
  if (whole === 0 || part === 0) return "0 %";
  const percent = (part / whole) * 100;
  if (percent < 1) return "<1 %";
  return percent > 99 && percent < 100 ? ">99 %" : `${Math.round(percent)} %`;
}

/** 45 s, 15 min, 1.5 h, 6 h, 2 d: how long something is. */
export function lengthText(ms: number): string {
  if (ms < 90_000) return `${Math.round(ms / 1_000)} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  const hours = ms / 3_600_000;
  if (hours <= 72) return `${hours.toFixed(hours < 10 ? 1 : 0).replace(".0", "")} h`;
  return `${Math.round(hours / 24)} d`;
}

/** now, 12 s, 5 min, 3 h, 2 d: how long ago, by the hub's clock. */
export function age(timestamp: string, now = hubNow()): string {
  const seconds = Math.floor((now - Date.parse(timestamp)) / 1000);
  if (Number.isNaN(seconds)) return "";
  if (seconds < 2) return "now";
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** now, 5 min ago; empty for what is no time. */
export function ago(timestamp: string): string {
  const words = age(timestamp);
  return words === "now" || words === "" ? words : `${words} ago`;
}

/** 14:03:21 and .045 in the view's zone, with the day before it when that is not today; a relative view has 5 min and nothing. */
export function clock(timestamp: string): [string, string] {
  const { zone, relative } = currentView();
  const ms = Date.parse(timestamp);
  if (Number.isNaN(ms)) return [timestamp, ""];
  if (relative) return [ms > hubNow() + 2_000 ? comingText(ms) : age(timestamp), ""];
  const wall = wallTime(ms, zone);
  const time = clockText(wall, true);
  return [isToday(wall, zone) ? time : `${dayText(wall)} ${time}`, `.${String(wall.millisecond).padStart(3, "0")}`];
}

/** A time as the view shows times: 14:03:21, 22 Nov 14:03:21, or how long ago. */
export function timeText(timestamp: string): string {
  return clock(timestamp)[0];
}

/** 14:03, or 22 Nov 14:03 on another day; a relative view has 5 min ago. For what is told by the minute, or by the second. */
export function momentText(ms: number, withSeconds = false): string {
  if (!Number.isFinite(ms)) return "";
  const { zone, relative } = currentView();
  if (relative) return ms > hubNow() + 2_000 ? comingText(ms) : ago(new Date(ms).toISOString());
  const wall = wallTime(ms, zone);
  const time = clockText(wall, withSeconds);
  return isToday(wall, zone) ? time : `${dayText(wall)} ${time}`;
}

/** 14:05 – 14:10, with the day where it is another; a relative view has 15 min – 10 min ago. */
export function stretchText(from: number, to: number): string {
  const { zone, relative } = currentView();
  const seconds = to % 60_000 !== 0 || from % 60_000 !== 0;
  const begin = momentText(from, seconds);
  if (relative) return to >= hubNow() ? `${begin} – now` : `${begin.replace(/ ago$/, "")} – ${momentText(to)}`;
  // An interval that ends at midnight ends with this day, not with another.
  const isShort = to - from <= 86_400_000 || wallTime(from, zone).day === wallTime(to, zone).day;
  return `${begin} – ${isShort ? clockText(wallTime(to, zone), seconds) : momentText(to, seconds)}`;
}

/** The words under an axis: a day at its midnight, else a clock; in a relative view how long ago. */
export function axisText(ms: number, stepMs: number): string {
  const { zone, relative } = currentView();
  if (relative) {
    const since = Math.round((hubNow() - ms) / stepMs) * stepMs;
    return since <= 0 ? "now" : lengthText(since);
  }
  const wall = wallTime(ms, zone);
  return wall.hour === 0 && wall.minute === 0 && wall.second === 0 ? dayText(wall) : clockText(wall, stepMs < 60_000);
}

/** 2026-11-23 14:03:21.045 +01:00: a whole time in the view's zone, whatever the view's way of showing times. */
export function fullTime(timestamp: string | number): string {
  const { zone } = currentView();
  const ms = typeof timestamp === "number" ? timestamp : Date.parse(timestamp);
  if (Number.isNaN(ms)) return String(timestamp);
  const wall = wallTime(ms, zone);
  return `${wall.year}-${two(wall.month)}-${two(wall.day)} ${two(wall.hour)}:${two(wall.minute)}:${two(wall.second)}.${String(wall.millisecond).padStart(3, "0")} ${offsetText(ms, zone)}`;
}

/** 2026-11-23 14:00, or with seconds where there are any: as a reader types it. */
export function typedTime(ms: number, zone: string | null): string {
  const wall = wallTime(ms, zone);
  const minute = `${wall.year}-${two(wall.month)}-${two(wall.day)} ${two(wall.hour)}:${two(wall.minute)}`;
  return wall.second === 0 && wall.millisecond === 0 ? minute : `${minute}:${two(wall.second)}`;
}

/** 14:03, or 14:03:21 */
function clockText(wall: WallTime, withSeconds: boolean): string {
  return `${two(wall.hour)}:${two(wall.minute)}${withSeconds ? `:${two(wall.second)}` : ""}`;
}

/** in 5 min */
function comingText(ms: number): string {
  return `in ${age(new Date(2 * hubNow() - ms).toISOString())}`;
}

/** 23 Nov */
function dayText(wall: WallTime): string {
  return `${wall.day} ${months[wall.month - 1] ?? ""}`;
}

function isToday(wall: WallTime, zone: string | null): boolean {
  const today = wallTime(hubNow(), zone);
  return today.day === wall.day && today.month === wall.month && today.year === wall.year;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
