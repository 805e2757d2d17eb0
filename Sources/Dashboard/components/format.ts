// Numbers, sizes and times as people read them.

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

/** now, 12 s, 5 min, 3 h, 2 d: how long ago. */
export function age(timestamp: string, now = Date.now()): string {
  const seconds = Math.floor((now - Date.parse(timestamp)) / 1000);
  if (Number.isNaN(seconds)) return "";
  if (seconds < 2) return "now";
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** 14:03:21 and .045 in the reader's zone; another day stands before them. */
export function clock(timestamp: string): [string, string] {
  const date = new Date(timestamp);
  if (Number.isNaN(date.getTime())) return [timestamp, ""];
  const two = (value: number): string => String(value).padStart(2, "0");
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const milliseconds = `.${String(date.getMilliseconds()).padStart(3, "0")}`;
  return [date.toDateString() === new Date().toDateString() ? time : `${dayText(date)} ${time}`, milliseconds];
}

/** 23 Nov */
function dayText(date: Date): string {
  return `${date.getDate()} ${months[date.getMonth()] ?? ""}`;
}

/** Which of two times is newer: like a subtraction. Nanoseconds count, which a Date would drop. */
export function compareTimes(left: string, right: string): number {
  const difference = Date.parse(left) - Date.parse(right);
  if (difference !== 0 && !Number.isNaN(difference)) return difference;
  const a = left.replace("Z", "");
  const b = right.replace("Z", "");
  return a < b ? -1 : a > b ? 1 : 0;
}
