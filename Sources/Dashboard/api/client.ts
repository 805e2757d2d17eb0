// The hub's routes as functions. The session cookie rides along by itself; no key is ever held by this script. A page
// within another page has a share token instead (token.ts).
import { hearHubClock } from "./hub-clock";
import { Issue, issuesOf } from "./issues";
import { Json, parseJson } from "./json";
import { credentials } from "./token";
import { Group, Health, Log, Session, Stats, isObject, readGroup, readLog, readSession, readStats } from "./types";

/** How long one answer may take before the hub counts as unreachable. */
const timeoutMs = 15_000;

/** Groups read in one go: a few milliseconds. */
const groupsAtOnce = 2_000;

/** The hub answered, and said no. */
export class HubError extends Error {
  constructor(
    readonly status: number,
    detail: string,
    /** Of a request that does not validate: what is wrong, and where. */
    readonly issues: readonly Issue[] = [],
  ) {
    super(detail);
  }
}

/** No answer came: the hub is down, or the network is. */
export class Unreachable extends Error {
  constructor() {
    super("The hub does not answer.");
  }
}

/** A page of a listing. */
export interface Page {
  logs: Log[];
  /** The address of the next older page. */
  next: string | null;
  /** Redis could not be asked: this is only what the hub's memory holds. */
  partial: boolean;
}

/** Which logs: what the address bar, the listing, the counts and the stream agree on. */
export interface Query {
  /** A group, `a:*` for a tree, null for all. */
  group: string | null;
  /** This level and above. */
  level: string | null;
  /** A search; empty: none. */
  q: string;
  /** From when: `15m` before now, or RFC 3339. */
  since: string;
  /** Until when; null: now, and on. */
  until: string | null;
}

/** A query as the parameters that all routes of logs and counts share. */
export function queryText(query: Query): URLSearchParams {
  const parameters = filterText(query);
  parameters.set("since", query.since);
  if (query.until !== null) parameters.set("until", query.until);
  return parameters;
}

/** A query without its times, as the live stream has it. */
export function filterText(query: Query): URLSearchParams {
  const parameters = new URLSearchParams();
  if (query.group !== null) parameters.set("group", query.group);
  if (query.level !== null) parameters.set("level", query.level);
  if (query.q.trim() !== "") parameters.set("q", query.q);
  return parameters;
}

/** Who is signed in; null: nobody. */
export async function session(): Promise<Session | null> {
  try {
    return readSession((await request("/api/session")).body);
  } catch (error) {
    if (error instanceof HubError && error.status === 401) return null;
    throw error;
  }
}

/** Trades a login link's code, or a key, for the session cookie. */
export async function signIn(credential: { code: string } | { key: string }): Promise<void> {
  await request("/api/session", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(credential),
  });
}

export async function signOut(): Promise<void> {
  await request("/api/session", { method: "DELETE" });
}

/** A page of logs, newest first: the first one of a query, or the one that `next` names. */
export async function logs(query: Query, limit: number, next: string | null = null): Promise<Page> {
  const parameters = queryText(query);
  parameters.set("limit", String(limit));
  const { body, headers } = await request(next ?? `/api/logs?${parameters}`);
  const list = Array.isArray(body) ? body : [];
  return {
    logs: list.map(readLog).filter((log): log is Log => log !== null),
    next: nextAddress(headers.get("Link")),
    partial: headers.has("Komfyrvakt-Partial"),
  };
}

/** From when to when something is counted. */
export interface Times {
  since: string;
  until: string | null;
}

/**
 * All groups with what each holds of a range's logs, or of a query's: those without any there too, with 0. Null: of all that
 * is kept. A group's newest log and its rate are of all its logs, whatever is counted.
 */
export async function groups(which: Times | Query | null, signal?: AbortSignal): Promise<{ groups: Group[]; partial: boolean }> {
  const parameters = which === null ? new URLSearchParams() : queryText({ group: null, level: null, q: "", ...which });
  parameters.set("detail", "1");
  const { body, headers } = await request(`/api/groups?${parameters}`, { roundNumbers: true, signal });
  const list = isObject(body) && Array.isArray(body.groups) ? body.groups : [];
  const read: Group[] = [];
  for (let start = 0; start < list.length; start += groupsAtOnce) {
    // Very many groups are read between frames, not within one.
    if (start > 0) await new Promise((resolve) => setTimeout(resolve, 0));
    for (const value of list.slice(start, start + groupsAtOnce)) {
      const group = readGroup(value);
      if (group !== null) read.push(group);
    }
  }
  return { groups: read, partial: headers.has("Komfyrvakt-Partial") };
}

export async function stats(): Promise<Stats> {
  const { body } = await request("/api/stats");
  const read = readStats(isObject(body) ? body.stats : undefined);
  if (read === null) throw new HubError(200, "The hub's statistics cannot be read.");
  return read;
}

export async function health(): Promise<Health> {
  try {
    await request("/api/health");
    return { healthy: true, detail: "" };
  } catch (error) {
    if (error instanceof HubError) return { healthy: false, detail: error.message };
    throw error;
  }
}

export async function version(): Promise<string> {
  const { body } = await request("/api");
  return isObject(body) && typeof body.version === "string" ? body.version : "";
}

export interface RequestOptions extends RequestInit {
  /** No number of the answer needs more digits than a double has: it is read several times as fast. */
  roundNumbers?: boolean;
}

/** Asks the hub. Throws HubError when it says no, Unreachable when nothing answers in time. */
export async function request(address: string, options: RequestOptions = {}, withinMs = timeoutMs): Promise<{ body: Json; headers: Headers }> {
  const { roundNumbers = false, ...init } = options;
  const { text, headers } = await requestText(address, init, withinMs);
  return { body: text === "" ? null : parse(text, roundNumbers), headers };
}

/** The same for a body that is read by other means. The signal of the options ends it early, as Unreachable. */
export async function requestText(address: string, options: RequestInit = {}, withinMs = timeoutMs): Promise<{ text: string; headers: Headers }> {
  const abort = new AbortController();
  const stop = (): void => abort.abort();
  const timer = setTimeout(stop, withinMs);
  // Who asked may lose interest before the time is over.
  options.signal?.addEventListener("abort", stop);
  if (options.signal?.aborted === true) stop();
  try {
    let response: Response;
    let text: string;
    try {
      response = await fetch(address, { ...options, ...credentials(options.headers), signal: abort.signal, cache: "no-store" });
      hearHubClock(response.headers.get("Date"));
      text = await response.text();
    } catch {
      throw new Unreachable();
    }
    if (!response.ok) throw await hubError(response, text);
    return { text, headers: response.headers };
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", stop);
  }
}

/** An answer that says no, in the hub's words. */
export async function hubError(response: Response, body?: string): Promise<HubError> {
  const text = body ?? (await response.text().catch(() => ""));
  return new HubError(response.status, detailOf(text, response.status), issuesOf(text));
}

function parse(body: string, roundNumbers: boolean): Json {
  try {
    return roundNumbers ? (JSON.parse(body) as Json) : parseJson(body);
  } catch {
    throw new HubError(200, "The hub's answer is not JSON: is something between it and this page?");
  }
}

/** The words of an error: `{"detail": "…"}`, or a list of them for a body that does not validate. */
function detailOf(body: string, status: number): string {
  try {
    const value = parseJson(body);
    const detail = isObject(value) ? value.detail : undefined;
    if (typeof detail === "string") return detail;
    const first = Array.isArray(detail) ? detail[0] : undefined;
    if (isObject(first) && typeof first.msg === "string") return first.msg;
  } catch {
    // Not the hub's own words: its number says what there is to say.
  }
  return `The hub answered ${status}.`;
}

/** The `rel="next"` address of a Link header, if it leads to this hub. */
function nextAddress(header: string | null): string | null {
  const match = /<([^>]*)>\s*;[^,]*rel="?next"?/.exec(header ?? "");
  if (match === null || match[1] === undefined) return null;
  const address = new URL(match[1], location.href);
  return address.origin === location.origin ? address.pathname + address.search : null;
}
