// What is wrong, in words, the worst first. Each trouble leads to where more is seen.
import { Agent } from "../../api/agents";
import { Snapshot } from "../../api/hub-watcher";
import { Level } from "../../api/types";
import { View, isEmbedded } from "../../pages/view";
import { ago, fullNumber, lengthText, momentText } from "../format";
import { visible } from "../visible-text";
import { Rise } from "./losses";
import { changeText } from "./number-text";
import { RangeCounts } from "./range-counts";
import { Silence } from "./silences";

/** Of one kind, so many are named; the others are counted. */
const namedAtMost = 3;

export type Mood = "good" | "warn" | "bad" | "quiet";

export interface Trouble {
  /** Tells it from the others of a verdict, also when its words have changed. */
  key: string;
  /** A level's mark, or one of a trouble beside the logs. */
  mark: Level | "hub" | "silent" | "agent";
  text: string;
  more: string;
  /** What of the view changes when it is followed; null: where more is seen is no page of this reader. */
  change: Partial<View> | null;
}

export interface Verdict {
  mood: Mood;
  text: string;
  more: string;
  troubles: Trouble[];
  /** What was lost earlier, which nobody can mend: a line without a mood. Empty: nothing. */
  past: string;
}

/** Losses of the hub and of its agents. */
export interface Losses {
  dropped: Rise;
  rejected: Rise;
  agents: { id: string; rise: Rise }[];
}

/** All that is known. Null: it is not known yet. */
export interface Findings {
  view: View;
  rangeWords: string;
  counts: RangeCounts | null;
  /** They were asked for, and did not come. */
  uncounted: boolean;
  snapshot: Snapshot;
  agents: Agent[];
  silences: Silence[];
  losses: Losses;
}

export function judge(findings: Findings): Verdict {
  return { ...judgeNow(findings), past: pastOf(findings.losses) };
}

function judgeNow(findings: Findings): Omit<Verdict, "past"> {
  const { counts, snapshot, view, rangeWords } = findings;
  const { stats, health } = snapshot;
  const around = [...hubTroubles(findings), ...silenceTroubles(findings.silences), ...agentTroubles(findings)];
  const range = inRange(rangeWords);
  const hubIsBad = !health.healthy;
  if (counts === null && findings.uncounted) return { mood: around.length > 0 ? "warn" : "quiet", text: "Not counted", more: `The logs ${range} could not be counted.`, troubles: around };
  if (counts === null) return { mood: "quiet", text: "Counting\u2026", more: `The logs ${range}.`, troubles: around };
  const { totals, total } = counts;
  const logs = logTroubles(counts);
  const rest = around.length === 0 ? "" : around.length === 1 ? " One thing beside them asks for attention." : ` ${around.length} things beside them ask for attention.`;
  if (hubIsBad) return { mood: "bad", text: "The hub cannot store logs now", more: health.detail, troubles: [...logs, ...around] };
  if (total === 0) {
    if (stats.totalLogs === 0) return { mood: "quiet", text: "No logs yet", more: "The hub is ready. Send a first log: it appears here within a second.", troubles: around };
    const filtered = view.level !== null || view.q !== "";
    return { mood: around.length > 0 ? "warn" : "quiet", text: filtered ? "No logs match" : "No logs here", more: `None ${range}.${filtered ? " Take a filter out, or choose a longer time." : ""}`, troubles: around };
  }
  if (totals.critical > 0) {
    const errors = totals.error > 0 ? ` and ${counted(totals.error, "error")}` : "";
    return { mood: "bad", text: `${counted(totals.critical, "critical log")}${errors}`, more: `${capital(range)}.${rest}`, troubles: [...logs, ...around] };
  }
  if (totals.error > 0) return { mood: "bad", text: counted(totals.error, "error"), more: `${capital(range)}, nothing critical.${rest}`, troubles: [...logs, ...around] };
  if (around.length > 0) return { mood: "warn", text: around.length === 1 ? around[0]?.text ?? "" : `No errors, but ${around.length} things ask for attention`, more: `No errors ${range}.`, troubles: [...logs, ...around] };
  if (totals.warning > 0) return { mood: "warn", text: "No errors", more: `${counted(totals.warning, "warning")} ${range}.`, troubles: logs };
  return { mood: "good", text: "All quiet", more: `No errors and no warnings ${range}; ${counted(total, "log")}.`, troubles: [] };
}

function logTroubles(counts: RangeCounts): Trouble[] {
  const { totals, before } = counts;
  const troubles: Trouble[] = [];
  const span = lengthText(counts.range.to - counts.range.from);
  for (const level of ["critical", "error", "warning"] as const) {
    if (totals[level] === 0) continue;
    const name = level === "critical" ? "critical log" : level;
    const change = before === null ? "" : changeText(totals[level], before.totals[level]);
    const more = change === "" ? "" : change === "same" ? `as many as in the ${span} before` : change === "none before" ? `none in the ${span} before` : change.endsWith("times") ? `${change} as many as in the ${span} before` : `${change} on the ${span} before`;
    troubles.push({ key: level, mark: level, text: counted(totals[level], name), more, change: { level, panel: "logs" } });
  }
  return troubles;
}

/** A page within another page has no further pages. */
function page(name: "settings" | "agents"): Partial<View> | null {
  return isEmbedded ? null : { page: name };
}

function hubTroubles({ snapshot, losses: { dropped, rejected } }: Findings): Trouble[] {
  const { health, partial } = snapshot;
  const troubles: Trouble[] = [];
  const change = page("settings");
  if (!health.healthy) troubles.push({ key: "hub", mark: "hub", text: "The hub cannot store logs", more: health.detail, change });
  else if (partial) troubles.push({ key: "hub", mark: "hub", text: "Redis does not answer", more: "only what the hub's memory holds is shown", change });
  if (dropped.late > 0) troubles.push({ key: "dropped", mark: "hub", text: `${counted(dropped.late, "log")} dropped to make room`, more: lately(dropped), change });
  if (rejected.late > 0) troubles.push({ key: "rejected", mark: "hub", text: `${counted(rejected.late, "log")} refused`, more: `${lately(rejected)}: malformed, or of a time that is not kept`, change });
  return troubles;
}

/** A rise is watched by the page: it says since when. */
function lately(rise: Rise): string {
  return `in the last ${lengthText(Math.max(60_000, rise.overMs))}`;
}

/** What was lost before it was watched. */
function pastOf({ dropped, rejected, agents }: Losses): string {
  const parts: string[] = [];
  if (dropped.earlier > 0) parts.push(`${counted(dropped.earlier, "log")} dropped to make room`);
  if (rejected.earlier > 0) parts.push(`${fullNumber(rejected.earlier)} refused`);
  const losing = agents.filter(({ rise }) => rise.earlier > 0);
  const lost = losing.reduce((sum, { rise }) => sum + rise.earlier, 0);
  if (losing.length > 0) parts.push(`${fullNumber(lost)} lost by ${losing.length === 1 ? `agent ${visible(losing[0]?.id ?? "")}` : `${losing.length} agents`}`);
  return parts.length === 0 ? "" : `Earlier, since their programs started: ${parts.join(", ")}.`;
}

function silenceTroubles(silences: Silence[]): Trouble[] {
  return some(silences, (silence) => ({
    key: `silent ${silence.group}`, mark: "silent", text: `${visible(silence.group)} is silent`, more: `since ${momentText(silence.since)}`,
    // An hour of its usual talk, and the silence since.
    change: { group: silence.group, since: new Date(silence.since - 3_600_000).toISOString(), until: null, level: null, q: "" },
  }), (rest) => ({ key: "more silent", mark: "silent", text: `${rest} more groups are silent`, more: "", change: { panel: "groups" } }));
}

function agentTroubles({ agents, losses }: Findings): Trouble[] {
  const change = page("agents");
  const gone = agents.filter((agent) => agent.state !== "online").sort((a, b) => (a.state === b.state ? 0 : a.state === "silent" ? -1 : 1));
  const troubles = some(gone, (agent) => ({ key: `agent ${agent.id}`, mark: "agent", text: `Agent ${visible(agent.id)} is ${agent.state}`, more: `last seen ${ago(agent.lastSeen)}`, change }),
    (rest) => ({ key: "more agents", mark: "agent", text: `${rest} more agents are late or silent`, more: "", change }));
  // Of a range that is over no agent is named.
  const losing = agents.length === 0 ? [] : losses.agents.filter(({ rise }) => rise.late > 0);
  const [first] = losing;
  if (first !== undefined) {
    const lost = losing.reduce((sum, { rise }) => sum + rise.late, 0);
    troubles.push({ key: "lost", mark: "agent", text: `${losing.length === 1 ? `Agent ${visible(first.id)}` : `${losing.length} agents`} lost ${counted(lost, "log")}`, more: lately(first.rise), change });
  }
  return troubles;
}

function some<Item>(items: Item[], name: (item: Item) => Trouble, count: (rest: number) => Trouble): Trouble[] {
  const named = items.length === namedAtMost + 1 ? items.length : namedAtMost;
  const troubles = items.slice(0, named).map(name);
  if (items.length > named) troubles.push(count(items.length - named));
  return troubles;
}

/** `in the last 24 hours`, `since 2026-11-23 12:00`, `from 2026-11-23 12:00 to 14:00`. */
function inRange(words: string): string {
  if (words.startsWith("Last")) return `in the l${words.slice(1)}`;
  return words.startsWith("Since") ? `s${words.slice(1)}` : `from ${words.replace(" \u2013 ", " to ")}`;
}

function counted(count: number, word: string): string {
  return `${fullNumber(count)} ${word}${count === 1 ? "" : "s"}`;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
