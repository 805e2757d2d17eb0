// The live stream: a WebSocket, opened again with growing pauses for as long as the page is looked at. All pages and frames
// of a browser share six connections to a hub for requests, and one that stays open keeps its own; WebSockets are not among
// these.
//
//   connecting ──open──► live ──close, silence──► waiting ──pause──► connecting …
//   any ──page hidden for 30 s──► resting ──page shown──► connecting
//
// The hub says something at least every 15 s: with `beats=1` also when there is no log, since no script hears a WebSocket's
// own pings. A connection that says nothing for much longer is dead, whatever the browser thinks of it: a laptop woke up, a
// router forgot it.
// After a short break the hub is told the last log's id and sends what was missed; the listener of `opened` lists anew in
// any case, since a longer break may have missed more than the hub resends.
import { Query, Unreachable, filterText } from "./client";
import { hub } from "./hub-state";
import { parseJson } from "./json";
import { credentials, protocols } from "./token";
import { Log, readLog } from "./types";

export type StreamState = "connecting" | "live" | "waiting";

export interface StreamListener {
  /** A connection stands: whatever was stored before may have been missed. */
  opened(resumed: boolean): void;
  arrived(logs: Log[]): void;
  /** This page read too slowly, and the hub left out so many. */
  skipped(count: number): void;
  changed(state: StreamState): void;
}

const shortestPauseMs = 500;
const longestPauseMs = 8_000;
/** After an answer that will hardly change by itself: a search that is wrong, a session that ended. */
const refusedPauseMs = 30_000;
/** The hub's wish to be asked later is heeded so far. */
const longestWishMs = 60_000;
/** How long an opening may take. */
const openingMs = 15_000;
/** Two signs of life of the hub, and some: it sends one every 15 s. */
const silenceMs = 40_000;
/** When other requests got no answer, a stream that was silent for longer than one sign of life is not believed. */
const doubtMs = 17_000;
/** A tab switched away from for less than this keeps its stream; for longer, hub and browser would work for nobody. */
const restAfterMs = 30_000;
/** After a longer break the hub is not asked for what was missed: the listing shows the newest, and it may be very much. */
const resumeWithinMs = 60_000;
/** Arrivals are handed on at most ten times a second: each handing on costs a layout. */
const gatherMs = 100;
/** More than this between two handings on cannot be read by anyone; older ones are counted as skipped, and never parsed. */
const mostGathered = 2_000;
/** Their characters, with the same effect: logs may be of a megabyte. */
const mostCharacters = 8 << 20;

export class LogStream {
  private connection: WebSocket | null = null;
  /** Counts connections and their ends: what belongs to an older one comes too late. */
  private attempt = 0;
  private isLive = false;
  private pauseMs = shortestPauseMs;
  private openingTimer: number | undefined;
  private retryTimer: number | undefined;
  private restTimer: number | undefined;
  private gatherTimer: number | undefined;
  private silenceTimer: number | undefined;
  /** The logs' JSON, in order. */
  private gathered: string[] = [];
  private characters = 0;
  private lastHandedOn = 0;
  private lastId = "";
  /** When the hub was heard last. */
  private lastHeard = 0;
  private closed = false;
  private readonly endDoubts: () => void;

  constructor(
    private readonly query: Query,
    private readonly listener: StreamListener,
  ) {
    this.endDoubts = hub.subscribe({ troubled: (trouble) => { if (trouble instanceof Unreachable && this.isLive) this.listen(); } });
    document.addEventListener("visibilitychange", this.visibilityChanged);
    window.addEventListener("offline", this.wentOffline);
    window.addEventListener("online", this.cameOnline);
    window.addEventListener("pagehide", this.left);
    window.addEventListener("pageshow", this.cameOnline);
    // Not at once: who makes a stream wants to hold it before it hears of it.
    this.retryTimer = window.setTimeout(() => this.connect(), 0);
  }

  close(): void {
    this.closed = true;
    this.endDoubts();
    document.removeEventListener("visibilitychange", this.visibilityChanged);
    window.removeEventListener("offline", this.wentOffline);
    window.removeEventListener("online", this.cameOnline);
    window.removeEventListener("pagehide", this.left);
    window.removeEventListener("pageshow", this.cameOnline);
    clearTimeout(this.restTimer);
    clearTimeout(this.gatherTimer);
    this.disconnect();
  }

  /** Tries at once instead of waiting for the pause to end: something else has reached the hub. */
  hurry(): void {
    if (this.closed || document.visibilityState !== "visible") return;
    const isDoubtful = this.isLive && performance.now() - this.lastHeard > doubtMs;
    if (this.connection === null || isDoubtful) this.connect();
  }

  private connect(): void {
    this.disconnect();
    if (this.closed) return;
    // So that the hub is told of the last log that came.
    this.handOn();
    this.listener.changed("connecting");
    const resumes = this.lastId !== "" && performance.now() - this.lastHeard < resumeWithinMs;
    const address = this.address(resumes);
    const socket = new WebSocket(address.href.replace(/^http/, "ws"), protocols());
    this.connection = socket;
    this.openingTimer = window.setTimeout(() => {
      this.retry(0);
      socket.close();
    }, openingMs);
    socket.onopen = () => {
      clearTimeout(this.openingTimer);
      this.pauseMs = shortestPauseMs;
      this.isLive = true;
      this.heard();
      this.listener.changed("live");
      this.listener.opened(resumes);
    };
    socket.onmessage = ({ data }) => {
      this.heard();
      if (typeof data === "string") this.gather(data);
    };
    socket.onclose = () => {
      if (this.isLive) this.retry(0);
      else void this.askWhy(address);
    };
  }

  private address(resumes: boolean): URL {
    const parameters = filterText(this.query);
    parameters.set("beats", "1");
    if (resumes) parameters.set("last_event_id", this.lastId);
    return new URL(`/api/logs/stream?${parameters}`, location.href);
  }

  /** No browser tells why a WebSocket was not opened; the hub says it to HEAD of the same address. */
  private async askWhy(address: URL): Promise<void> {
    this.disconnect();
    const { attempt } = this;
    this.listener.changed("waiting");
    let pauseMs = 0;
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), openingMs);
    try {
      const response = await fetch(address, { ...credentials(), method: "HEAD", cache: "no-store", signal: abort.signal });
      const passes = response.ok || response.status === 408 || response.status === 429 || response.status >= 500;
      pauseMs = passes ? Math.min((Number(response.headers.get("Retry-After")) || 0) * 1_000, longestWishMs) : refusedPauseMs;
    } catch {
      // Nobody answers: it is tried again as soon as the pause allows.
    } finally {
      clearTimeout(timer);
    }
    if (attempt === this.attempt) this.retry(pauseMs);
  }

  private heard(): void {
    this.lastHeard = performance.now();
    // One timer that looks when it was last heard, instead of one anew for every log.
    if (this.silenceTimer === undefined) this.listen();
  }

  /** Waits for the silence that means that the connection is dead. */
  private listen(): void {
    clearTimeout(this.silenceTimer);
    const allowedMs = hub.trouble instanceof Unreachable ? doubtMs : silenceMs;
    const silentMs = performance.now() - this.lastHeard;
    if (silentMs < allowedMs) this.silenceTimer = window.setTimeout(() => this.listen(), allowedMs - silentMs);
    else {
      this.listener.changed("waiting");
      this.connect();
    }
  }

  private disconnect(): void {
    this.attempt += 1;
    clearTimeout(this.openingTimer);
    clearTimeout(this.retryTimer);
    clearTimeout(this.silenceTimer);
    this.silenceTimer = undefined;
    this.isLive = false;
    if (this.connection !== null) letGo(this.connection);
    this.connection = null;
  }

  private retry(atLeastMs: number): void {
    this.disconnect();
    if (this.closed) return;
    this.listener.changed("waiting");
    // Half of the pause is by chance, so that many open pages do not knock at a restarted hub together.
    const pause = Math.max(atLeastMs, this.pauseMs / 2 + (Math.random() * this.pauseMs) / 2);
    this.pauseMs = Math.min(this.pauseMs * 2, longestPauseMs);
    this.retryTimer = window.setTimeout(() => this.connect(), pause);
  }

  /** Keeps what came until it is handed on. It is parsed then, if it is still there. */
  private gather(text: string): void {
    // The hub's own notice counts as many as it says, also when this page leaves logs out.
    const notice = text.length < 64 ? /^\{"skipped":\s*(\d{1,15})\}$/.exec(text) : null;
    if (notice !== null) return this.listener.skipped(Number(notice[1]));
    this.gathered.push(text);
    this.characters += text.length;
    if (this.gathered.length > mostGathered || this.characters > mostCharacters) this.leaveOut();
    if (this.gatherTimer === undefined) {
      const wait = Math.max(0, this.lastHandedOn + gatherMs - performance.now());
      this.gatherTimer = window.setTimeout(() => this.handOn(), wait);
    }
  }

  /** The older half goes; the newest log stays however large it is. */
  private leaveOut(): void {
    let count = 0;
    while (this.gathered.length - count > 1 && (this.gathered.length - count > mostGathered / 2 || this.characters > mostCharacters / 2)) {
      this.characters -= this.gathered[count]?.length ?? 0;
      count += 1;
    }
    this.gathered.splice(0, count);
    if (count > 0) this.listener.skipped(count);
  }

  private handOn(): void {
    clearTimeout(this.gatherTimer);
    this.gatherTimer = undefined;
    this.lastHandedOn = performance.now();
    const texts = this.gathered;
    this.gathered = [];
    this.characters = 0;
    const logs: Log[] = [];
    for (const text of texts) {
      let log: Log | null;
      try {
        log = readLog(parseJson(text));
      } catch {
        continue;
      }
      // A sign of life is no log.
      if (log !== null) logs.push(log);
    }
    const newest = logs[logs.length - 1];
    if (newest === undefined) return;
    this.lastId = newest.id;
    this.listener.arrived(logs);
  }

  private readonly visibilityChanged = (): void => {
    clearTimeout(this.restTimer);
    if (document.visibilityState === "hidden") {
      this.restTimer = window.setTimeout(() => this.disconnect(), restAfterMs);
    } else {
      this.hurry();
    }
  };

  private readonly wentOffline = (): void => {
    if (this.connection !== null) this.retry(0);
  };

  private readonly cameOnline = (): void => this.hurry();

  /** A page that is left may be kept, to come back to: browsers keep none with an open WebSocket. */
  private readonly left = (): void => {
    if (this.connection !== null) this.disconnect();
  };
}

/** Ends a connection that nobody listens to any more. Closing one that is being opened would be an error on the console. */
function letGo(socket: WebSocket): void {
  socket.onmessage = null;
  socket.onclose = null;
  if (socket.readyState === WebSocket.CONNECTING) {
    socket.onopen = () => socket.close();
    // A browser opens one after the other: one that never opens must not be in the way of the next.
    window.setTimeout(() => socket.close(), openingMs);
  } else {
    socket.onopen = null;
    socket.close();
  }
}
