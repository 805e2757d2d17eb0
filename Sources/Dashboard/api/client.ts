// The hub's routes as functions. The session cookie rides along by itself; no key is ever held by this script.
import { Json, parseJson } from "./json";
import { Group, Health, Log, Stats, isObject, readGroup, readLog, readStats } from "./types";

/** How long one answer may take before the hub counts as unreachable. */
const timeoutMs = 15_000;

/** The hub answered, and said no. */
export class HubError extends Error {
  constructor(
    readonly status: number,
    detail: string,
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

/** Which logs: what the address bar, the listing and the stream agree on. */
export interface Query {
  /** A group, `a:*` for a tree, null for all. */
  group: string | null;
  /** This level and above. */
  level: string | null;
}

export function queryText(query: Query): URLSearchParams {
  const parameters = new URLSearchParams();
  if (query.group !== null) parameters.set("group", query.group);
  if (query.level !== null) parameters.set("level", query.level);
  return parameters;
}

export async function signedIn(): Promise<boolean> {
  try {
    await request("/api/session");
    return true;
  } catch (error) {
    if (error instanceof HubError && error.status === 401) return false;
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

export async function groups(): Promise<{ groups: Group[]; partial: boolean }> {
  const { body, headers } = await request("/api/groups?detail=1");
  const list = isObject(body) && Array.isArray(body.groups) ? body.groups : [];
  return {
    groups: list.map(readGroup).filter((group): group is Group => group !== null),
    partial: headers.has("Komfyrvakt-Partial"),
  };
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

async function request(address: string, options: RequestInit = {}): Promise<{ body: Json; headers: Headers }> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), timeoutMs);
  try {
    let response: Response;
    let body: string;
    try {
      response = await fetch(address, { ...options, signal: abort.signal, cache: "no-store" });
      body = await response.text();
    } catch {
      throw new Unreachable();
    }
    if (!response.ok) throw new HubError(response.status, detailOf(body, response.status));
    return { body: body === "" ? null : parse(body), headers: response.headers };
  } finally {
    clearTimeout(timer);
  }
}

function parse(body: string): Json {
  try {
    return parseJson(body);
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
