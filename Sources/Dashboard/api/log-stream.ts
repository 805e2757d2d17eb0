// The live stream: server-sent events, opened again with growing pauses for as long as the page is looked at.
//
//   connecting ──open──► live ──error──► waiting ──pause──► connecting …
//   any ──page hidden for 30 s──► resting ──page shown──► connecting
//
// Reopening is done here and not left to EventSource, which gives up at the first answer that is not 200. What was
// missed meanwhile is asked for by the listener of `opened`, so no event has to be remembered across connections.
import { parseJson } from "./json";
import { Log, isObject, readLog } from "./types";
import { Query, queryText } from "./client";

export type StreamState = "connecting" | "live" | "waiting";

export interface StreamListener {
  /** A connection stands: whatever was stored before may have been missed. */
  opened(): void;
  arrived(logs: Log[]): void;
  /** This page read too slowly, and the hub left out so many. */
  skipped(count: number): void;
  changed(state: StreamState): void;
}

const shortestPauseMs = 500;
const longestPauseMs = 8_000;
/** A tab switched away from for less than this keeps its stream; browsers allow six connections to a hub in all. */
const restAfterMs = 30_000;
/** Arrivals are handed on at most ten times a second: each handing on costs a layout. */
const gatherMs = 100;
/** More than this between two handings on cannot be read by anyone; older ones are counted as skipped. */
const mostGathered = 2_000;

export class LogStream {
  private source: EventSource | null = null;
  private pauseMs = shortestPauseMs;
  private retryTimer: number | undefined;
  private restTimer: number | undefined;
  private gatherTimer: number | undefined;
  private gathered: Log[] = [];
  private lastHandedOn = 0;
  private closed = false;

  constructor(
    private readonly query: Query,
    private readonly listener: StreamListener,
  ) {
    document.addEventListener("visibilitychange", this.visibilityChanged);
    this.connect();
  }

  close(): void {
    this.closed = true;
    document.removeEventListener("visibilitychange", this.visibilityChanged);
    clearTimeout(this.restTimer);
    clearTimeout(this.gatherTimer);
    this.disconnect();
  }

  /** Tries at once instead of waiting for the pause to end: something else has reached the hub. */
  hurry(): void {
    if (this.source === null && !this.closed && document.visibilityState === "visible") this.connect();
  }

  private connect(): void {
    this.disconnect();
    this.listener.changed("connecting");
    const source = new EventSource(`/api/logs/stream?${queryText(this.query)}`);
    this.source = source;
    source.onopen = () => {
      this.pauseMs = shortestPauseMs;
      this.listener.changed("live");
      this.listener.opened();
    };
    source.onmessage = (event: MessageEvent<string>) => this.read(event.data);
    source.addEventListener("skipped", (event) => this.read((event as MessageEvent<string>).data));
    source.onerror = () => this.retry();
  }

  private disconnect(): void {
    clearTimeout(this.retryTimer);
    this.source?.close();
    this.source = null;
  }

  private retry(): void {
    this.disconnect();
    this.listener.changed("waiting");
    // Half of the pause is by chance, so that many open pages do not knock at a restarted hub together.
    const pause = this.pauseMs / 2 + (Math.random() * this.pauseMs) / 2;
    this.pauseMs = Math.min(this.pauseMs * 2, longestPauseMs);
    this.retryTimer = window.setTimeout(() => this.connect(), pause);
  }

  private read(data: string): void {
    let value;
    try {
      value = parseJson(data);
    } catch {
      return;
    }
    if (isObject(value) && typeof value.skipped === "number") {
      this.listener.skipped(value.skipped);
      return;
    }
    const log = readLog(value);
    if (log === null) return;
    this.gathered.push(log);
    if (this.gathered.length > mostGathered) {
      const surplus = this.gathered.length - mostGathered / 2;
      this.gathered.splice(0, surplus);
      this.listener.skipped(surplus);
    }
    if (this.gatherTimer === undefined) {
      const wait = Math.max(0, this.lastHandedOn + gatherMs - performance.now());
      this.gatherTimer = window.setTimeout(() => this.handOn(), wait);
    }
  }

  private handOn(): void {
    this.gatherTimer = undefined;
    this.lastHandedOn = performance.now();
    const logs = this.gathered;
    this.gathered = [];
    if (logs.length > 0) this.listener.arrived(logs);
  }

  private readonly visibilityChanged = (): void => {
    clearTimeout(this.restTimer);
    if (document.visibilityState === "hidden") {
      this.restTimer = window.setTimeout(() => this.disconnect(), restAfterMs);
    } else {
      this.hurry();
    }
  };
}
