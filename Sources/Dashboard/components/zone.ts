// Times in any zone of the IANA database. Intl knows the zones but is slow, so what it says of a quarter of an hour is
// kept: offsets change at full quarters only.

const quarterMs = 15 * 60_000;
/** Offsets kept: a week of quarters; a listing and its charts need a few. */
const keptAtMost = 700;

const formats = new Map<string, Intl.DateTimeFormat | null>();
const offsets = new Map<string, number>();

/** A moment as a calendar and a clock on the wall show it. */
export interface WallTime {
  year: number;
  /** 1 to 12. */
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  millisecond: number;
}

/** Whether the browser knows the zone. */
export function isZone(name: string): boolean {
  return formatOf(name) !== null;
}

/** The reader's own zone. */
export function ownZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

/** All zones that the browser knows, UTC first. */
export function allZones(): string[] {
  const list = (Intl as unknown as { supportedValuesOf?: (key: string) => string[] }).supportedValuesOf;
  try {
    return ["UTC", ...(list?.("timeZone") ?? []).filter((name) => name !== "UTC")];
  } catch {
    return ["UTC", ownZone()];
  }
}

/** What a clock in a zone shows; null: the reader's own zone. */
export function wallTime(ms: number, zone: string | null): WallTime {
  const shifted = new Date(ms + offsetMs(ms, zone));
  return {
    year: shifted.getUTCFullYear(), month: shifted.getUTCMonth() + 1, day: shifted.getUTCDate(),
    hour: shifted.getUTCHours(), minute: shifted.getUTCMinutes(), second: shifted.getUTCSeconds(), millisecond: shifted.getUTCMilliseconds(),
  };
}

/** When a clock in a zone shows this; an hour that a change of the clocks leaves out is taken as the one after it. */
export function momentOf(wall: WallTime, zone: string | null): number {
  const asUTC = Date.UTC(wall.year, wall.month - 1, wall.day, wall.hour, wall.minute, wall.second, wall.millisecond);
  const guess = asUTC - offsetMs(asUTC, zone);
  return asUTC - offsetMs(guess, zone);
}

/** How far a zone is ahead of UTC. */
export function offsetMs(ms: number, zone: string | null): number {
  if (zone === "UTC" || Number.isNaN(ms)) return 0;
  if (zone === null) return -new Date(ms).getTimezoneOffset() * 60_000;
  const quarter = Math.floor(ms / quarterMs);
  const name = `${zone} ${quarter}`;
  const known = offsets.get(name);
  if (known !== undefined) return known;
  const offset = askOffset(quarter * quarterMs, zone);
  if (offsets.size >= keptAtMost) offsets.clear();
  offsets.set(name, offset);
  return offset;
}

/** +01:00 */
export function offsetText(ms: number, zone: string | null): string {
  const minutes = Math.round(offsetMs(ms, zone) / 60_000);
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${String(Math.floor(size / 60)).padStart(2, "0")}:${String(size % 60).padStart(2, "0")}`;
}

function askOffset(ms: number, zone: string): number {
  const format = formatOf(zone);
  if (format === null) return 0;
  const parts: Record<string, number> = {};
  for (const part of format.formatToParts(ms)) parts[part.type] = Number(part.value);
  const asUTC = Date.UTC(parts.year ?? 1970, (parts.month ?? 1) - 1, parts.day ?? 1, (parts.hour ?? 0) % 24, parts.minute ?? 0, parts.second ?? 0);
  return asUTC - ms;
}

function formatOf(zone: string): Intl.DateTimeFormat | null {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  let format: Intl.DateTimeFormat | null = null;
  try {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric",
    });
  } catch {
    // The name is no zone: the address was typed, or comes from a browser that knows more.
  }
  if (formats.size >= 50) formats.clear();
  formats.set(zone, format);
  return format;
}
