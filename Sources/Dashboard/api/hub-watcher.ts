// What the hub holds, asked again and again: groups, figures, health. The stream tells only of the selected logs;
// the tree counts them all.
import { HubError, Unreachable, groups, health, stats } from "./client";
import { Group, Health, Stats } from "./types";

/** All that the tree and the centre show, read together. */
export interface Snapshot {
  groups: Group[];
  stats: Stats;
  health: Health;
  partial: boolean;
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

export class HubWatcher {
  private timer: number | undefined;
  private asking = false;
  private closed = false;
  private lastEnd = -Infinity;
  private lastCostMs = 0;

  constructor(private readonly listener: WatcherListener) {
    document.addEventListener("visibilitychange", this.visibilityChanged);
    void this.ask();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.visibilityChanged);
  }

  /** Logs have arrived: the counts have changed. */
  nudge(): void {
    if (!this.asking) this.schedule(busyPauseMs);
  }

  /** Asks so long after it last asked; the end of that counts, so that many nudges do not put it off. */
  private schedule(pauseMs: number): void {
    clearTimeout(this.timer);
    const pause = Math.max(pauseMs, this.lastCostMs * restFactor) - (performance.now() - this.lastEnd);
    this.timer = window.setTimeout(() => void this.ask(), Math.max(pause, 0));
  }

  private async ask(): Promise<void> {
    if (this.closed || this.asking || document.visibilityState === "hidden") return;
    this.asking = true;
    const start = performance.now();
    try {
      const [listed, figures, state] = await Promise.all([groups(), stats(), health()]);
      if (this.closed) return;
      this.listener.troubled(null);
      this.listener.refreshed({ groups: listed.groups, partial: listed.partial, stats: figures, health: state });
    } catch (error) {
      if (this.closed) return;
      if (error instanceof HubError && error.status === 401) {
        this.listener.signedOut();
        return;
      }
      if (!(error instanceof HubError) && !(error instanceof Unreachable)) throw error;
      this.listener.troubled(error);
    } finally {
      this.asking = false;
      this.lastEnd = performance.now();
      this.lastCostMs = this.lastEnd - start;
      if (!this.closed) this.schedule(quietPauseMs);
    }
  }

  private readonly visibilityChanged = (): void => {
    if (document.visibilityState === "visible") this.schedule(0);
  };
}
