// What kinds of messages there are, of `GET /api/patterns`.
import { Query, queryText, request } from "./client";
import { Json } from "./json";
import { Level, isLevel, isObject, number, text } from "./types";

/** Messages that are alike but for their variables. */
export interface Pattern {
  template: string;
  count: number;
  /** Of all logs that match, from 0 to 1. */
  share: number;
  level: Level;
  firstSeen: string;
  lastSeen: string;
  isNew: boolean;
  exampleId: string | null;
  example: string;
}

export interface Patterns {
  patterns: Pattern[];
  /** How many there are. */
  count: number;
  /** How many logs they are of. */
  total: number;
  partial: boolean;
}

export async function patterns(query: Query, limit: number, signal?: AbortSignal): Promise<Patterns> {
  const parameters = queryText(query);
  parameters.set("limit", String(limit));
  const { body, headers } = await request(`/api/patterns?${parameters}`, { signal });
  const partial = headers.has("Komfyrvakt-Partial");
  if (!isObject(body)) return { patterns: [], count: 0, total: 0, partial };
  const list = Array.isArray(body.patterns) ? body.patterns.slice(0, limit) : [];
  const read = list.map(readPattern).filter((pattern): pattern is Pattern => pattern !== null);
  return { patterns: read, count: number(body.count) ?? read.length, total: number(body.total) ?? 0, partial };
}

function readPattern(value: Json): Pattern | null {
  if (!isObject(value) || typeof value.template !== "string") return null;
  return {
    template: value.template,
    count: number(value.count) ?? 0,
    share: Math.min(1, Math.max(0, number(value.share) ?? 0)),
    level: isLevel(value.level) ? value.level : "info",
    firstSeen: text(value.first_seen) ?? "",
    lastSeen: text(value.last_seen) ?? "",
    isNew: value.new === true,
    exampleId: text(value.example_id),
    example: text(value.example) ?? "",
  };
}
