// Reports: what is going wrong and what to do, of `POST /api/analyze`, and who writes them.
import { request } from "./client";
import { Json, JsonObject } from "./json";
import { isObject, number, text } from "./types";

/** A model of one's own may take five minutes, and a request may wait for another. */
const reportWithinMs = 11 * 60_000;
/** The hub cuts at 12; a page holds no more whatever comes. */
const entriesAtMost = 24;

export type Severity = "info" | "warning" | "critical";

export interface Finding {
  title: string;
  description: string;
  severity: Severity;
  /** When it began, in milliseconds since 1970; null: it does not say. */
  since: number | null;
}

export type Priority = "high" | "medium" | "low";
export interface Recommendation {
  action: string;
  priority: Priority;
}

/** Who wrote a report. */
export interface Analyst {
  provider: string;
  model: string | null;
  tokensIn: number;
  tokensOut: number;
  /** Why the model that is set did not write it, in words. */
  error: string | null;
}

export interface Report {
  /** When it was written. */
  timestamp: string;
  since: string;
  until: string;
  cached: boolean;
  /** Logs that came since it was written. */
  logsSince: number;
  analyzedLogs: number;
  summary: string;
  severity: Severity;
  findings: Finding[];
  recommendations: Recommendation[];
  analyst: Analyst;
}

/** Asks for the report on a group (`a:*` for a tree, null for all) and so many hours back from now. */
export async function analyze(group: string | null, hours: number, refresh: boolean, signal?: AbortSignal): Promise<Report> {
  const { body } = await request("/api/analyze", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ group: group ?? "*", hours, refresh }),
    signal,
  }, reportWithinMs);
  const answer = objectOf(body);
  const analysis = objectOf(answer.analysis);
  const insights = objectOf(analysis.ai_insights);
  const analyst = objectOf(analysis.analyst);
  return {
    timestamp: text(analysis.timestamp) ?? "",
    since: text(analysis.since) ?? "",
    until: text(analysis.until) ?? "",
    cached: answer.cached === true,
    logsSince: number(answer.logs_since) ?? 0,
    analyzedLogs: number(analysis.analyzed_logs) ?? 0,
    summary: text(insights.summary) ?? "",
    severity: severityOf(insights.severity),
    findings: listOf(insights.findings).map((finding) => {
      const since = Date.parse(text(finding.since) ?? "");
      return { title: text(finding.title) ?? "", description: text(finding.description) ?? "", severity: severityOf(finding.severity), since: Number.isNaN(since) ? null : since };
    }),
    recommendations: listOf(insights.recommendations).map((entry) => ({ action: text(entry.action) ?? "", priority: priorityOf(entry.priority) })),
    analyst: {
      provider: text(analyst.provider) ?? "statistics", model: text(analyst.model),
      tokensIn: number(analyst.tokens_in) ?? 0, tokensOut: number(analyst.tokens_out) ?? 0, error: text(analyst.error),
    },
  };
}

/** Who would write a report: `statistics`, or a provider and its model. */
export async function reportWriter(signal?: AbortSignal): Promise<{ provider: string; model: string | null }> {
  const { body } = await request("/api/stats", { signal });
  const ai = objectOf(objectOf(objectOf(body).stats).ai);
  return { provider: text(ai.provider) ?? "statistics", model: text(ai.model) };
}

function objectOf(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

function listOf(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.slice(0, entriesAtMost).filter(isObject) : [];
}

function severityOf(value: Json | undefined): Severity {
  return value === "critical" || value === "warning" ? value : "info";
}

function priorityOf(value: Json | undefined): Priority {
  return value === "high" || value === "low" ? value : "medium";
}
