// What the store holds and may hold, and who writes reports: of `GET /api/stats`, with all that the settings page shows.
import { request } from "./client";
import { isObject, number, text } from "./types";

/** A figure that is of all groups together is null for a session that is bound to some. */
export interface Figures {
  totalLogs: number;
  groups: number;
  retentionHours: number | null;
  bytesStored: number;
  bytesPerLog: number | null;
  memoryUsed: number;
  memoryLimit: number | null;
  /** Logs are refused, or the oldest dropped, to make room. */
  isFull: boolean;
  oldest: string | null;
  newest: string | null;
  /** Logs a second over the last minute. */
  ingestRate: number;
  /** Since the hub's start. */
  rejected: number | null;
  dropped: number | null;
  agents: number | null;
  analyst: { provider: string; model: string | null; tokensToday: number | null; dailyTokens: number | null } | null;
}

export async function figures(): Promise<Figures> {
  const { body } = await request("/api/stats");
  const stats = isObject(body) && isObject(body.stats) ? body.stats : {};
  return {
    totalLogs: number(stats.total_logs) ?? 0,
    groups: number(stats.groups) ?? 0,
    retentionHours: number(stats.retention_hours),
    bytesStored: number(stats.bytes_stored) ?? 0,
    bytesPerLog: number(stats.bytes_per_log),
    memoryUsed: number(stats.memory_used) ?? 0,
    memoryLimit: number(stats.memory_limit),
    isFull: stats.is_full === true,
    oldest: text(stats.oldest),
    newest: text(stats.newest),
    ingestRate: number(stats.ingest_rate) ?? 0,
    rejected: number(stats.rejected),
    dropped: number(stats.dropped),
    agents: number(stats.agents),
    analyst: !isObject(stats.ai) ? null : {
      provider: text(stats.ai.provider) ?? "",
      model: text(stats.ai.model),
      tokensToday: number(stats.ai.tokens_today),
      dailyTokens: number(stats.ai.daily_tokens),
    },
  };
}

/** Which sites may show the dashboard in a frame, as the page's own policy says it; null: it does not say. */
export async function frameAncestors(): Promise<string | null> {
  const { headers } = await request("/favicon.svg", { method: "HEAD" });
  return /(?:^|;)\s*frame-ancestors\s+([^;]+)/.exec(headers.get("Content-Security-Policy") ?? "")?.[1]?.trim() ?? null;
}
