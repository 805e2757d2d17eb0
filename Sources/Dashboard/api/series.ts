// The numbers of the logs' data by interval, and what changed in them, of `GET /api/timeseries`.
import { HubError, Query, queryText, requestText } from "./client";
import { Json } from "./json";
import { isObject, number, text } from "./types";

/** As many as the hub gives at most, so that a page holds no more whatever comes. */
const fieldsAtMost = 256;
const intervalsAtMost = 10_000;
const trendsAtMost = 200;

/** A field's numbers of one interval; null: no log of the interval has it, or no double holds it. */
export interface Point {
  min: number | null;
  max: number | null;
  avg: number | null;
  last: number | null;
  count: number;
}

export const trendKinds = ["rising", "falling", "spike", "drop", "shift", "silent"] as const;
export type TrendKind = (typeof trendKinds)[number];

/** A change that the hub found. Times are in milliseconds since 1970. */
export interface Trend {
  subject: string;
  field: string | null;
  kind: TrendKind;
  from: number;
  to: number;
  before: number | null;
  after: number | null;
  confidence: number;
  /** The hub's own sentence. */
  text: string;
}

export interface Series {
  intervalMs: number;
  /** Begins of the intervals; the points of each field are in the same order, null where it has none. */
  starts: number[];
  fields: Map<string, (Point | null)[]>;
  /** There are more fields than were given. */
  cut: boolean;
  trends: Trend[];
  partial: boolean;
}

/** Asks for the series of some fields, or of all. */
export async function series(query: Query, fields: string[] | null, intervalMs: number, signal?: AbortSignal): Promise<Series> {
  const parameters = queryText(query);
  parameters.set("interval", `${Math.max(1, Math.round(intervalMs / 1000))}s`);
  for (const field of fields ?? []) parameters.append("field", field);
  const { text: body, headers } = await requestText(`/api/timeseries?${parameters}`, { signal });
  return readSeries(plainJson(body), headers.has("Komfyrvakt-Partial"));
}

/** Many numbers, none of which has to keep its digits: the browser's own reader is many times faster. */
function plainJson(body: string): Json {
  try {
    return JSON.parse(body) as Json;
  } catch {
    throw new HubError(200, "The hub's answer is not JSON: is something between it and this page?");
  }
}

function readSeries(body: Json, partial: boolean): Series {
  const read: Series = { intervalMs: 300_000, starts: [], fields: new Map(), cut: false, trends: [], partial };
  if (!isObject(body)) return read;
  read.intervalMs = Math.max(1, number(body.interval_seconds) ?? 300) * 1000;
  read.cut = body.fields_cut === true;
  const intervals = Array.isArray(body.intervals) ? body.intervals.slice(0, intervalsAtMost) : [];
  for (const name of Array.isArray(body.fields_tracked) ? body.fields_tracked.slice(0, fieldsAtMost) : []) {
    if (typeof name === "string") read.fields.set(name, new Array<Point | null>(intervals.length).fill(null));
  }
  intervals.forEach((interval, index) => {
    const start = isObject(interval) ? Date.parse(text(interval.timestamp) ?? "") : NaN;
    read.starts.push(Number.isNaN(start) ? (read.starts[index - 1] ?? 0) + read.intervalMs : start);
    if (!isObject(interval) || !isObject(interval.data)) return;
    for (const [name, value] of Object.entries(interval.data)) {
      const points = read.fields.get(name);
      if (points === undefined || !isObject(value)) continue;
      points[index] = { min: number(value.min), max: number(value.max), avg: number(value.avg), last: number(value.last), count: number(value.count) ?? 0 };
    }
  });
  for (const entry of Array.isArray(body.trends) ? body.trends.slice(0, trendsAtMost) : []) {
    const trend = readTrend(entry);
    if (trend !== null) read.trends.push(trend);
  }
  return read;
}

function readTrend(value: Json): Trend | null {
  if (!isObject(value)) return null;
  const kind = trendKinds.find((candidate) => candidate === value.kind);
  const from = Date.parse(text(value.from) ?? "");
  const to = Date.parse(text(value.to) ?? "");
  if (kind === undefined || Number.isNaN(from) || Number.isNaN(to)) return null;
  return {
    subject: text(value.subject) ?? "", field: text(value.field), kind, from, to,
    before: number(value.before), after: number(value.after), confidence: number(value.confidence) ?? 0, text: text(value.text) ?? "",
  };
}
