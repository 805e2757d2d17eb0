// The logs that a list holds, in order of time, bounded in rows and in bytes. It lies oldest first, so that what arrives is
// put at the end and what is let go is cut from the beginning; `at(0)` is the newest all the same.
import { Json, RawNumber } from "../../api/json";
import { Log } from "../../api/types";

export interface Entry {
  readonly log: Log;
  readonly bytes: number;
  /** The time in ms: comparing texts a hundred thousand times a second would cost frames. */
  readonly ms: number;
}

export class LogBuffer {
  private entries: Entry[] = [];
  private readonly byId = new Map<string, Entry>();
  private bytes = 0;

  constructor(
    private readonly rowsAtMost: number,
    private readonly bytesAtMost: number,
  ) {}

  get count(): number {
    return this.entries.length;
  }

  /** Whether older ones would not fit. */
  get isFull(): boolean {
    return this.entries.length >= this.rowsAtMost || this.bytes >= this.bytesAtMost * 0.98;
  }

  /** The log at a place, 0 being the newest. */
  at(index: number): Log | null {
    return this.entries[this.entries.length - 1 - index]?.log ?? null;
  }

  has(id: string): boolean {
    return this.byId.has(id);
  }

  /** Where a log stands, 0 being the newest; -1: not here. */
  indexOf(id: string): number {
    const entry = this.byId.get(id);
    return entry === undefined ? -1 : this.entries.length - this.placeOf(entry);
  }

  clear(): void {
    this.entries = [];
    this.byId.clear();
    this.bytes = 0;
  }

  /** Takes logs in any order, and lets go of the oldest beyond the bounds. Answers how many were let go. */
  add(logs: Log[]): number {
    const fresh: Entry[] = [];
    for (const log of logs) {
      if (this.byId.has(log.id)) continue;
      const entry = { log, bytes: sizeOf(log), ms: Date.parse(log.timestamp) || 0 };
      this.byId.set(log.id, entry);
      this.bytes += entry.bytes;
      fresh.push(entry);
    }
    fresh.sort(compare);
    const first = fresh[0];
    const last = fresh[fresh.length - 1];
    if (first === undefined || last === undefined) return 0;
    const oldest = this.entries[0];
    const newest = this.entries[this.entries.length - 1];
    if (newest === undefined || compare(newest, first) < 0) for (const entry of fresh) this.entries.push(entry);
    else if (oldest !== undefined && compare(last, oldest) < 0) this.entries = fresh.concat(this.entries);
    else for (const entry of fresh) this.entries.splice(this.placeOf(entry), 0, entry);
    return this.trim();
  }

  /** Lets go of what is older than a time in ms, but never of the `kept` newest. Answers how many were let go. */
  expire(beforeMs: number, kept = 0): number {
    const most = this.entries.length - kept;
    let surplus = 0;
    while (surplus < most && (this.entries[surplus]?.ms ?? Infinity) < beforeMs) surplus += 1;
    this.cut(surplus);
    return surplus;
  }

  /** All logs, newest first. */
  newestFirst(): Log[] {
    return this.entries.map((entry) => entry.log).reverse();
  }

  private trim(): number {
    let surplus = Math.max(0, this.entries.length - this.rowsAtMost);
    let bytes = this.bytes;
    for (let index = 0; index < surplus; index++) bytes -= this.entries[index]?.bytes ?? 0;
    while (bytes > this.bytesAtMost && surplus < this.entries.length - 1) bytes -= this.entries[surplus++]?.bytes ?? 0;
    this.cut(surplus);
    return surplus;
  }

  /** Lets go of so many of the oldest. */
  private cut(count: number): void {
    if (count === 0) return;
    for (const entry of this.entries.splice(0, count)) {
      this.byId.delete(entry.log.id);
      this.bytes -= entry.bytes;
    }
  }

  /** The first place after all that are older or equal. */
  private placeOf(entry: Entry): number {
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.entries[middle];
      if (other !== undefined && compare(other, entry) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** By time, to the nanosecond; equal ones by arrival: an id ends in the low 40 bits of the sequence, as 10 hex digits. */
function compare(left: Entry, right: Entry): number {
  if (left.ms !== right.ms) return left.ms - right.ms;
  return order(fraction(left.log.timestamp), fraction(right.log.timestamp)) || order(left.log.id.slice(-10), right.log.id.slice(-10)) || order(left.log.id, right.log.id);
}

function order(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The digits below a second, which a Date rounds to three. */
function fraction(timestamp: string): string {
  return timestamp.slice(19).replace("Z", "");
}

/** What a log costs the page, roughly: objects of their own for the log, its members and its place here. */
function sizeOf(log: Log): number {
  return 300 + log.message.length + 16 * log.tags.length + (log.data === null ? 0 : sizeOfValue(log.data));
}

function sizeOfValue(value: Json): number {
  if (typeof value === "string") return 16 + value.length;
  if (typeof value !== "object" || value === null) return 8;
  if (value instanceof RawNumber) return 32 + value.source.length;
  let size = 32;
  if (Array.isArray(value)) for (const item of value) size += sizeOfValue(item);
  else for (const name in value) size += 8 + sizeOfValue(value[name] ?? null);
  return size;
}
