// The commonest values of a query's logs, and whether the hub understands a search.
import { Query, Unreachable, queryText, request } from "./client";
import { Json, parseJson } from "./json";
import { credentials } from "./token";
import { LevelCounts, isObject, noCounts, number, readCounts, text } from "./types";

export interface ValueCount {
  value: string;
  count: number;
}

export interface Facets {
  total: number;
  /** There were too many logs or values to look at all. */
  sampled: boolean;
  levels: LevelCounts;
  groups: ValueCount[];
  tags: ValueCount[];
  sources: ValueCount[];
  fields: { field: string; count: number; values: ValueCount[] }[];
}

export async function facets(query: Query, limit: number, signal: AbortSignal): Promise<Facets> {
  const parameters = queryText(query);
  parameters.set("limit", String(limit));
  const { body } = await request(`/api/facets?${parameters}`, { signal });
  const read = isObject(body) ? body : {};
  return {
    total: number(read.total) ?? 0,
    sampled: read.sampled === true,
    levels: readCounts(read.levels) ?? noCounts(),
    groups: valuesOf(read.groups),
    tags: valuesOf(read.tags),
    sources: valuesOf(read.sources),
    fields: (Array.isArray(read.fields) ? read.fields : []).flatMap((field) => {
      const name = isObject(field) ? text(field.field) : null;
      return isObject(field) && name !== null ? [{ field: name, count: number(field.count) ?? 0, values: valuesOf(field.values) }] : [];
    }),
  };
}

/** What is wrong with a search, and where. */
export interface SearchProblem {
  words: string;
  /** In characters from 0; null: the hub does not say. */
  position: number | null;
}

/** Asks the hub whether it understands a search; null: it does. Throws Unreachable when nobody can tell. */
export async function searchProblem(q: string): Promise<SearchProblem | null> {
  if (q.trim() === "") return null;
  const parameters = new URLSearchParams({ q, limit: "1", since: "1s" });
  let status: number;
  let body: Json;
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), answerWithinMs);
  try {
    const response = await fetch(`/api/logs?${parameters}`, { ...credentials(), signal: abort.signal, cache: "no-store" });
    status = response.status;
    body = parseJson(await response.text());
  } catch {
    throw new Unreachable();
  } finally {
    clearTimeout(timer);
  }
  if (status !== 422 && status !== 414) return null;
  const list = isObject(body) && Array.isArray(body.detail) ? body.detail : [];
  const first = list.find(isObject);
  const words = first === undefined ? null : text(first.msg);
  return {
    words: (words ?? (isObject(body) ? text(body.detail) : null) ?? `The hub answered ${status}.`).replace(/ \(at character \d+\)$/, ""),
    position: first !== undefined && isObject(first.ctx) ? number(first.ctx.position) : null,
  };
}

/** A check that takes longer is not waited for. */
const answerWithinMs = 5_000;

function valuesOf(value: Json | undefined): ValueCount[] {
  return (Array.isArray(value) ? value : []).flatMap((item) => {
    const name = isObject(item) ? text(item.value) : null;
    return isObject(item) && name !== null ? [{ value: name, count: number(item.count) ?? 0 }] : [];
  });
}
