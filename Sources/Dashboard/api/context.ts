// One log by its id, and its neighbours in the same group from the same source.
import { HubError, request } from "./client";
import { Log, isObject, readLog } from "./types";
import { Json } from "./json";

export interface Context {
  /** Older ones, in order of time. */
  before: Log[];
  log: Log;
  /** Newer ones, in order of time. */
  after: Log[];
}

/** The most that the hub gives on each side. */
export const contextAtMost = 500;

/** A log; null: it is no longer there. */
export async function logById(id: string): Promise<Log | null> {
  try {
    return readLog((await request(`/api/logs/${encodeURIComponent(id)}`)).body);
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}

/** A log with its neighbours; null: it is no longer there. */
export async function contextOf(id: string, before: number, after: number): Promise<Context | null> {
  try {
    const { body } = await request(`/api/logs/${encodeURIComponent(id)}/context?before=${before}&after=${after}`);
    if (!isObject(body)) return null;
    const log = readLog(body.log);
    return log === null ? null : { before: logsOf(body.before), log, after: logsOf(body.after) };
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}

/** 404: let go of, or never there; 422: no id at all. */
function isGone(error: unknown): boolean {
  return error instanceof HubError && (error.status === 404 || error.status === 422 || error.status === 400);
}

function logsOf(value: Json | undefined): Log[] {
  return Array.isArray(value) ? value.map(readLog).filter((log): log is Log => log !== null) : [];
}
