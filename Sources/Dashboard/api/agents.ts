// The fleet: what agents told of themselves, of `GET /api/agents`.
import { request } from "./client";
import { Json } from "./json";
import { isObject, number, text } from "./types";

/** By the hub's clock: within two of its intervals, later, later than ten. */
export const agentStates = ["online", "late", "silent"] as const;
export type AgentState = (typeof agentStates)[number];

export interface AgentInput {
  name: string;
  type: string;
  rate: number | null;
  received: number | null;
  unparsed: number | null;
  dropped: number | null;
}

/** An agent; a figure that it did not tell is null. */
export interface Agent {
  id: string;
  state: AgentState;
  lastSeen: string;
  /** The key that it last used, and the pattern that bounds it. */
  keyName: string;
  keyGroup: string | null;
  host: string | null;
  version: string;
  started: string | null;
  interval: number | null;
  rate: number | null;
  deliveredRate: number | null;
  backlogLogs: number | null;
  backlogBytes: number | null;
  backlogSeconds: number | null;
  received: number | null;
  delivered: number | null;
  rejected: number | null;
  dropped: number | null;
  drops: { reason: string; count: number }[];
  /** Logs go to its disk, wait, or are in its memory alone. */
  buffer: "open" | "full" | "broken" | null;
  inputs: AgentInput[];
}

/** What is left out because the agent was told to, or because it is nothing. */
const harmlessReasons = ["rule", "rate_limited", "own_message", "empty"];

/** Logs that are lost: what rules leave out is not among them. */
export function lossOf(agent: Agent): number {
  const harmless = agent.drops.reduce((sum, drop) => sum + (harmlessReasons.includes(drop.reason) ? drop.count : 0), 0);
  return Math.max(0, (agent.dropped ?? 0) - harmless);
}

export async function agents(signal?: AbortSignal): Promise<Agent[]> {
  const { body } = await request("/api/agents", { signal });
  const list = isObject(body) && Array.isArray(body.agents) ? body.agents : [];
  return list.map(readAgent).filter((agent): agent is Agent => agent !== null);
}

function readAgent(value: Json): Agent | null {
  if (!isObject(value) || typeof value.id !== "string" || typeof value.last_seen !== "string") return null;
  const told = isObject(value.agent) ? value.agent : {};
  const key = isObject(value.key) ? value.key : {};
  const state = agentStates.find((candidate) => candidate === value.state) ?? "silent";
  const buffer = told.buffer;
  return {
    id: value.id,
    state,
    lastSeen: value.last_seen,
    keyName: text(key.name) ?? "",
    keyGroup: text(key.group),
    host: text(told.host),
    version: text(told.version) ?? "",
    started: text(told.started),
    interval: number(told.interval),
    rate: number(told.rate),
    deliveredRate: number(told.delivered_rate),
    backlogLogs: number(told.backlog_logs),
    backlogBytes: number(told.backlog_bytes),
    backlogSeconds: number(told.backlog_seconds),
    received: number(told.received),
    delivered: number(told.delivered),
    rejected: number(told.rejected),
    dropped: number(told.dropped),
    drops: objects(told.drops).map((drop) => ({ reason: text(drop.reason) ?? "", count: number(drop.count) ?? 0 })).filter((drop) => drop.count > 0),
    buffer: buffer === "open" || buffer === "full" || buffer === "broken" ? buffer : null,
    inputs: objects(told.inputs).map((input) => ({
      name: text(input.name) ?? "",
      type: text(input.type) ?? "",
      rate: number(input.rate),
      received: number(input.received),
      unparsed: number(input.unparsed),
      dropped: number(input.dropped),
    })),
  };
}

function objects(value: Json | undefined): { [name: string]: Json }[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
