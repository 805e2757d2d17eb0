// What the hub answers, as docs/api.md describes it. Nothing here is trusted: texts are shown as text only.
import { Json, JsonObject, RawNumber } from "./json";

/** The levels in rising order. */
export const levels = ["debug", "info", "warning", "error", "critical"] as const;
export type Level = (typeof levels)[number];
export type LevelCounts = Record<Level, number>;

/** A stored log. */
export interface Log {
  id: string;
  message: string;
  level: Level;
  group: string | null;
  tags: string[];
  data: JsonObject | null;
  timestamp: string;
  source: string | null;
  received_at: string;
}

/** A group and what it holds, of `GET /api/groups?detail=1`. */
export interface Group {
  name: string;
  count: number;
  levels: LevelCounts;
  /** The newest log's time. */
  newest: string | null;
  /** Logs a second over the last minute; null: the hub does not say. */
  rate: number | null;
}

/** The store's figures, of `GET /api/stats`. */
export interface Stats {
  totalLogs: number;
  retentionHours: number;
  bytesStored: number;
  bytesPerLog: number | null;
  ingestRate: number;
  rejected: number;
  dropped: number;
  oldest: string | null;
  newest: string | null;
  /** Null: the hub counts levels by group only. */
  levels: LevelCounts | null;
}

/** Whether the hub can store now. */
export interface Health {
  healthy: boolean;
  /** What is wrong, in the hub's words; empty when healthy. */
  detail: string;
}

/** Who is signed in, of `GET /api/session`. */
export interface Session {
  name: string;
  kind: "session" | "key" | "share";
  scopes: string[];
  /** The pattern that bounds it; null: all groups. */
  group: string | null;
  expires: string | null;
}

export function noCounts(): LevelCounts {
  return { debug: 0, info: 0, warning: 0, error: 0, critical: 0 };
}

/** Errors and worse. */
export function errorsOf(counts: LevelCounts): number {
  return counts.error + counts.critical;
}

export function isLevel(value: Json | undefined): value is Level {
  return typeof value === "string" && (levels as readonly string[]).includes(value);
}

/** Reads a log; null when it is not one. */
export function readLog(value: Json | undefined): Log | null {
  if (!isObject(value) || typeof value.id !== "string" || typeof value.timestamp !== "string") return null;
  return {
    id: value.id,
    message: text(value.message) ?? "",
    level: isLevel(value.level) ? value.level : "info",
    group: text(value.group),
    tags: Array.isArray(value.tags) ? value.tags.filter((tag): tag is string => typeof tag === "string") : [],
    data: isObject(value.data) ? value.data : null,
    timestamp: value.timestamp,
    source: text(value.source),
    received_at: text(value.received_at) ?? value.timestamp,
  };
}

export function readGroup(value: Json | undefined): Group | null {
  if (!isObject(value) || typeof value.name !== "string") return null;
  return {
    name: value.name,
    count: number(value.count) ?? 0,
    levels: readCounts(value.levels) ?? noCounts(),
    newest: text(value.newest),
    rate: number(value.rate),
  };
}

export function readStats(value: Json | undefined): Stats | null {
  if (!isObject(value)) return null;
  return {
    totalLogs: number(value.total_logs) ?? 0,
    retentionHours: number(value.retention_hours) ?? 48,
    bytesStored: number(value.bytes_stored) ?? 0,
    bytesPerLog: number(value.bytes_per_log),
    ingestRate: number(value.ingest_rate) ?? 0,
    rejected: number(value.rejected) ?? 0,
    dropped: number(value.dropped) ?? 0,
    oldest: text(value.oldest),
    newest: text(value.newest),
    levels: readCounts(value.levels),
  };
}

export function readSession(value: Json | undefined): Session | null {
  if (!isObject(value)) return null;
  const kind = value.kind;
  return {
    name: text(value.name) ?? "",
    kind: kind === "key" || kind === "share" ? kind : "session",
    scopes: Array.isArray(value.scopes) ? value.scopes.filter((scope): scope is string => typeof scope === "string") : [],
    group: text(value.group),
    expires: text(value.expires),
  };
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function readCounts(value: Json | undefined): LevelCounts | null {
  if (!isObject(value)) return null;
  const counts = noCounts();
  for (const level of levels) counts[level] = number(value[level]) ?? 0;
  return counts;
}

export function text(value: Json | undefined): string | null {
  return typeof value === "string" ? value : null;
}

export function number(value: Json | undefined): number | null {
  if (typeof value === "number") return value;
  return value instanceof RawNumber ? Number(value.source) : null;
}
