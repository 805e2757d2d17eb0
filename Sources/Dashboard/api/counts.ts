// Counts of logs by level and interval, of `GET /api/histogram`.
import { Query, queryText, request } from "./client";
import { LevelCounts, isObject, levels, noCounts, number, readCounts, text } from "./types";

/** More intervals than the hub gives. */
const bucketsAtMost = 10_000;

/** One interval. The hub leaves out those without logs. */
export interface Bucket {
  /** Its begin, in milliseconds since 1970. */
  start: number;
  count: number;
  levels: LevelCounts;
}

export interface Histogram {
  intervalMs: number;
  buckets: Bucket[];
  total: number;
  /** Redis could not be asked: this is only what the hub's memory holds. */
  partial: boolean;
}

/** Counts the logs of a query. Without an interval the hub chooses one. */
export async function histogram(query: Query, intervalMs: number | null, signal?: AbortSignal): Promise<Histogram> {
  const parameters = queryText(query);
  if (intervalMs !== null) parameters.set("interval", `${Math.max(1, Math.round(intervalMs / 1000))}s`);
  const { body, headers } = await request(`/api/histogram?${parameters}`, { signal });
  const read: Histogram = { intervalMs: 60_000, buckets: [], total: 0, partial: headers.has("Komfyrvakt-Partial") };
  if (!isObject(body)) return read;
  read.intervalMs = Math.max(1, number(body.interval_seconds) ?? 60) * 1000;
  read.total = number(body.total) ?? 0;
  for (const entry of Array.isArray(body.buckets) ? body.buckets.slice(0, bucketsAtMost) : []) {
    if (!isObject(entry)) continue;
    const start = Date.parse(text(entry.timestamp) ?? "");
    if (!Number.isNaN(start)) read.buckets.push({ start, count: number(entry.count) ?? 0, levels: readCounts(entry.levels) ?? noCounts() });
  }
  return read;
}

/** All intervals together. */
export function totalsOf(buckets: Bucket[]): LevelCounts {
  const totals = noCounts();
  for (const bucket of buckets) for (const level of levels) totals[level] += bucket.levels[level];
  return totals;
}
