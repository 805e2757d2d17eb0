// What the hub holds, asked again and again: groups, figures, health. The stream tells only of the selected logs;
// the tree counts them all, within the view's range.
import { HubError, Times, Unreachable, groups, health, stats } from "./client";
import { hubNow } from "./hub-clock";
import { Group, Health, Stats } from "./types";

/** All that the tree and the centre show, read together. */
export interface Snapshot {
  groups: Group[];
  stats: Stats;
  health: Health;
  partial: boolean;
  /** Which range the groups' counts are of; null: of all that is kept. */
  times: Times | null;
}

export interface WatcherListener {
  refreshed(snapshot: Snapshot): void;
  /** The session has ended. */
  signedOut(): void;
  /** No answer, or one that says no; `null` when that is over. */
  troubled(trouble: Unreachable | HubError | null): void;
}

const quietPauseMs = 3_000;
/** After logs have arrived: soon enough to look live. */
const busyPauseMs = 500;
/** A hub with very many groups is asked less often: the pause is at least this many times what asking took. */
const restFactor = 4;
/** An answer that was slow once, on a machine that was busy, does not put off the next for long. */
const longestRestMs = 15_000;
/** While nothing answers the pause doubles up to this, so that the page says truthfully when it asks again. */
const longestAwayPauseMs = 10_000;

export class HubWatcher {
  /** When an answer came last, by the hub's clock, and when the next is asked for, by this one's; null: not yet. */
  lastAnswer: number | null = null;
  nextAsk: number | null = null;

  private timer: number | undefined;
  private asking = false;
  private askAgain = false;
  private closed = false;
  private lastEnd = -Infinity;
  private lastCostMs = 0;
  private failures = 0;
  /** An older hub knows no range here, and says so with 422: then all that it keeps is counted. */
  private countsRanges = true;

  constructor(
    private times: Times,
    private readonly listener: WatcherListener,
  ) {
    document.addEventListener("visibilitychange", this.visibilityChanged);
    window.addEventListener("online", this.cameOnline);
    void this.ask();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.visibilityChanged);
    window.removeEventListener("online", this.cameOnline);
  }

  /** Logs have arrived: the counts have changed. */
  nudge(): void {
    if (!this.asking && this.failures === 0) this.schedule(busyPauseMs);
  }

  /** Asks now: somebody waits for it. */
  hurry(): void {
    if (this.asking) this.askAgain = true;
    else this.scheduleAt(0);
  }

  /** Counts within another range from now on. */
  count(times: Times): void {
    if (times.since === this.times.since && times.until === this.times.until) return;
    this.times = times;
    this.hurry();
  }

  /** Asks so long after it last asked; the end of that counts, so that many nudges do not put it off. */
  private schedule(pauseMs: number): void {
    const rest = Math.min(this.lastCostMs * restFactor, longestRestMs);
    this.scheduleAt(Math.max(pauseMs, rest) - (performance.now() - this.lastEnd));
  }

  private scheduleAt(pauseMs: number): void {
    clearTimeout(this.timer);
    this.nextAsk = Date.now() + Math.max(pauseMs, 0);
    this.timer = window.setTimeout(() => void this.ask(), Math.max(pauseMs, 0));
  }

  private async ask(): Promise<void> {
    if (this.closed || this.asking || document.visibilityState === "hidden") return;
    this.asking = true;
    this.askAgain = false;
    const start = performance.now();
    try {
      const [listed, figures, state] = await Promise.all([this.groups(), stats(), health()]);
      if (this.closed) return;
      this.failures = 0;
      this.lastAnswer = hubNow();
      this.listener.troubled(null);
      this.listener.refreshed({ ...listed, stats: figures, health: state });
    } catch (error) {
      if (this.closed) return;
      if (error instanceof HubError && error.status === 401) {
        this.listener.signedOut();
        return;
      }
      if (!(error instanceof HubError) && !(error instanceof Unreachable)) throw error;
      this.failures += 1;
      this.listener.troubled(error);
    } finally {
      this.asking = false;
      this.lastEnd = performance.now();
      this.lastCostMs = this.lastEnd - start;
      if (!this.closed) this.scheduleNext();
    }
  }

  private scheduleNext(): void {
    if (this.askAgain) this.scheduleAt(0);
    // Soon after the first failure: most are a restart.
    else if (this.failures > 0) this.scheduleAt(Math.min(1_000 * 2 ** (this.failures - 1), longestAwayPauseMs));
    else this.schedule(quietPauseMs);
  }

  private async groups(): Promise<{ groups: Group[]; partial: boolean; times: Times | null }> {
    const { times } = this;
    if (this.countsRanges) {
      try {
        return { ...(await groups(times)), times };
      } catch (error) {
        if (!(error instanceof HubError) || error.status !== 422) throw error;
        this.countsRanges = false;
      }
    }
    return { ...(await groups(null)), times: null };
  }

  private readonly visibilityChanged = (): void => {
    if (document.visibilityState === "visible") this.hurry();
  };

  private readonly cameOnline = (): void => this.hurry();
}
