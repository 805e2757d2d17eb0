// Asks again and again, calmly: only while the page is seen, with a pause that grows with what asking costs, never twice
// at once, and not at all once it is over.

/** A search that is being typed changes the view often; the last of it is asked for. */
export const settleMs = 150;

/** The pause is at least so many times what the last answer took: a slow hub is asked seldom. */
const restFactor = 20;
/** After a failure, and twice as long after each further one. */
const firstRetryMs = 4_000;
const longestRetryMs = 60_000;
/** An extra question waits at least so long after the last one. */
const soonMs = 2_000;

export class Refresher {
  private timer: number | undefined;
  private asking: AbortController | null = null;
  private lastEnd = -Infinity;
  private lastCostMs = 0;
  private failures = 0;
  private started = false;
  /** Something else is shown than what was asked for last: asked for even if it does not change by itself. */
  private due = false;

  /** `ask` says whether it succeeded; `seen` whether anybody looks; `live` whether the answer can change by itself. */
  constructor(
    private readonly ask: (signal: AbortSignal) => Promise<boolean>,
    private readonly pauseMs: number,
    private readonly seen: () => boolean,
    private readonly live: () => boolean,
  ) {}

  start(): void {
    this.started = true;
    document.addEventListener("visibilitychange", this.visibilityChanged);
    this.now();
  }

  stop(): void {
    this.started = false;
    clearTimeout(this.timer);
    this.asking?.abort();
    this.asking = null;
    document.removeEventListener("visibilitychange", this.visibilityChanged);
  }

  /** Asks at once, or so soon: what is under way is of before. */
  now(afterMs = 0): void {
    if (!this.started) return;
    this.asking?.abort();
    this.asking = null;
    this.failures = 0;
    this.due = true;
    this.schedule(afterMs);
  }

  /** It has come into sight. */
  look(): void {
    if (this.started && this.due && this.asking === null && this.failures === 0) this.schedule(0);
  }

  /** Something has changed: asks before its time, but not more often than the hub can bear. */
  soon(): void {
    if (!this.started || this.asking !== null || this.failures > 0) return;
    this.schedule(Math.max(soonMs, this.lastCostMs * restFactor) - (performance.now() - this.lastEnd));
  }

  private schedule(afterMs: number): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.run(), Math.max(0, afterMs));
  }

  private async run(): Promise<void> {
    if (!this.started || this.asking !== null || document.visibilityState === "hidden") return;
    if (!this.seen() || !(this.due || this.live())) {
      this.schedule(this.pauseMs);
      return;
    }
    const asking = new AbortController();
    this.asking = asking;
    const start = performance.now();
    let succeeded = false;
    try {
      succeeded = await this.ask(asking.signal);
    } finally {
      if (this.asking === asking) this.end(start, succeeded);
    }
  }

  private end(start: number, succeeded: boolean): void {
    this.asking = null;
    this.lastEnd = performance.now();
    this.lastCostMs = this.lastEnd - start;
    this.failures = succeeded ? 0 : this.failures + 1;
    // What failed stays due: a range that lies in the past is asked for until it is there.
    this.due = !succeeded;
    this.schedule(succeeded ? Math.max(this.pauseMs, this.lastCostMs * restFactor) : Math.min(firstRetryMs * 2 ** (this.failures - 1), longestRetryMs));
  }

  private readonly visibilityChanged = (): void => {
    if (document.visibilityState === "visible" && this.asking === null) this.schedule(this.due ? 0 : this.pauseMs / 10);
  };
}
