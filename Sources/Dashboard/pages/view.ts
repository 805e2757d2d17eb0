// What is shown, as the address bar has it: a link shows another person the same, and back works. There is one view; every
// panel reads it, changes it, and hears of changes.
import { Query } from "../api/client";
import { hubNow } from "../api/hub-clock";
import { isLevel } from "../api/types";
import { hasTokenAddress } from "../api/token";
import { isZone, ownZone } from "../components/zone";
import { moment, spanMs, timestamp } from "./range";

export type PageName = "overview" | "logs" | "agents" | "settings" | "send";
const pageNames: readonly string[] = ["overview", "logs", "agents", "settings", "send"];
/** The three panels of the overview; a narrow page shows one at a time. */
export type Panel = "groups" | "summary" | "logs";

export const usualRange = "24h";

export interface View {
  page: PageName;
  panel: Panel;
  /** A group, `a:*` for a tree, null for all. */
  group: string | null;
  /** This level and above. */
  level: string | null;
  /** A search of the `q` language; empty: none. */
  q: string;
  /** From when: `15m`, `2h`, `1d` before now, or RFC 3339. */
  since: string;
  /** Until when, RFC 3339; null: now, and on. A view without an end is live. */
  until: string | null;
  /** The time zone of all times shown: an IANA name; null: the reader's own. */
  zone: string | null;
  /** Times are shown as how long ago they are. */
  relative: boolean;
  /** The log that is opened, by its id. */
  log: string | null;
}

type Listener = (view: View, before: View) => void;

/** A group's name is no longer than this, and its pattern adds two. */
const groupAtMost = 257;
/** The hub's own bound of a search is less; an address longer than this does not reach it. */
const searchAtMost = 4_000;

const listeners = new Set<Listener>();
let problems: string[] = [];
let current = readView();

window.addEventListener("popstate", () => move(readView()));

/** What the address asked for that is not there, in words; the view has the usual instead. Each is told once. */
export function takeViewProblems(): string[] {
  const taken = problems;
  problems = [];
  return taken;
}

/** What is shown now. */
export function currentView(): View {
  return current;
}

/** Hears of every change; the answer ends that. */
export function onView(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Shows something else: a step that `back` undoes, unless `replace`. */
export function changeView(change: Partial<View>, replace = false): void {
  const view = { ...current, ...change };
  const address = addressOf(view);
  if (address !== location.pathname + location.search) {
    // The state rides along: an embedded page keeps its token in it (api/token.ts).
    if (replace) history.replaceState(history.state, "", address);
    else history.pushState(history.state, "", address);
  }
  move(view);
}

/** Which logs a view means. */
export function queryOf(view: View): Query {
  return { group: view.group, level: view.level, q: view.q, since: view.since, until: view.until };
}

/** Whether two views mean the same logs. */
export function sameLogs(left: View, right: View): boolean {
  return left.group === right.group && left.level === right.level && left.q === right.q && left.since === right.since && left.until === right.until;
}

/** Where a view is found: for links, and for the address bar. */
export function addressOf(view: View): string {
  const parameters = new URLSearchParams();
  if (view.page !== "overview") parameters.set("page", view.page);
  if (view.group !== null) parameters.set("group", view.group);
  if (view.level !== null) parameters.set("level", view.level);
  if (view.q !== "") parameters.set("q", view.q);
  if (view.since !== usualRange) parameters.set("since", view.since);
  if (view.until !== null) parameters.set("until", view.until);
  if (view.zone !== null) parameters.set("tz", view.zone);
  if (view.relative) parameters.set("times", "relative");
  if (view.log !== null) parameters.set("log", view.log);
  if (view.panel !== "summary") parameters.set("panel", view.panel);
  if (isEmbedded) parameters.set("embed", "1");
  if (givenTheme !== null) parameters.set("theme", givenTheme);
  // Colons, slashes and the star are legal in a query, and read better as they are.
  const text = parameters.toString().replace(/%3A/g, ":").replace(/%2A/g, "*").replace(/%2F/g, "/");
  return text === "" ? location.pathname : `${location.pathname}?${text}`;
}

/** Shown within another page, or by whoever has a share token. */
export const isEmbedded = new URLSearchParams(location.search).get("embed") === "1" || hasTokenAddress();

/** The theme that the address asks for: a page within another looks like that one. */
export const givenTheme = readTheme();

/** A link to the view that another person, and another day, sees the same by: without `15m` before now, and with the zone. */
export function lastingAddress(view: View, now = hubNow()): string {
  const from = moment(view.since, now);
  const to = view.until === null ? now : moment(view.until, now);
  return addressOf({ ...view, since: timestamp(from), until: timestamp(to), zone: view.zone ?? ownZone() });
}

/** The path that a pattern names, and whether its sub-groups are meant too. */
export function pathOf(pattern: string): { path: string; tree: boolean } {
  return pattern.endsWith(":*") && pattern.length > 2 ? { path: pattern.slice(0, -2), tree: true } : { path: pattern, tree: false };
}

function move(view: View): void {
  const before = current;
  current = view;
  for (const listener of [...listeners]) listener(view, before);
}

function readTheme(): "dark" | "light" | null {
  const theme = new URLSearchParams(location.search).get("theme");
  return isEmbedded && (theme === "dark" || theme === "light") ? theme : null;
}

/** Reads the address. What it has wrong is left out and noted, so that a mistyped link still shows a page. */
function readView(): View {
  const parameters = new URLSearchParams(location.search);
  const wrong: string[] = [];
  /** A parameter that passes a test; null when it is missing, or wrong, which is noted. */
  const read = (name: string, what: string, passes: (value: string) => boolean): string | null => {
    const value = parameters.get(name);
    if (value === null || value === "") return null;
    if (passes(value)) return value;
    wrong.push(`${what} \u201c${value.slice(0, 60)}\u201d`);
    return null;
  };
  const isMoment = (value: string): boolean => !Number.isNaN(moment(value));
  const page = read("page", "the page", (value) => pageNames.includes(value));
  const panel = read("panel", "the panel", (value) => value === "groups" || value === "logs" || value === "summary");
  const level = read("level", "the level", isLevel);
  const now = hubNow();
  let since = read("since", "the start", isMoment);
  let until = read("until", "the end", isMoment);
  if (since !== null && spanMs(since) === null) since = timestamp(moment(since, now));
  if (until !== null) until = until === "now" ? null : timestamp(moment(until, now));
  if (until !== null && moment(since ?? usualRange, now) >= moment(until, now)) {
    wrong.push("a range that ends before it starts");
    since = null;
    until = null;
  }
  problems = wrong;
  return {
    page: (page ?? "overview") as PageName,
    panel: (panel ?? "summary") as Panel,
    group: read("group", "the group", (value) => new TextEncoder().encode(value).length <= groupAtMost && !/[\u0000-\u001f\u007f]/.test(value)),
    level: level === "debug" ? null : level,
    q: read("q", "the search", (value) => value.length <= searchAtMost) ?? "",
    since: since ?? usualRange,
    until,
    zone: read("tz", "the time zone", isZone),
    relative: read("times", "the way of times", (value) => value === "relative" || value === "absolute") === "relative",
    log: read("log", "the log", (value) => /^[\w-]{1,100}$/.test(value)),
  };
}
