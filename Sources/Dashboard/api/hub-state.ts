// What all parts of the page know of the hub: its groups, figures and health, asked again and again, and who is signed in.
import { HubError, Times, Unreachable } from "./client";
import { HubWatcher, Snapshot } from "./hub-watcher";
import { Session } from "./types";

export interface HubListener {
  refreshed?(snapshot: Snapshot): void;
  /** No answer, or one that says no; `null` when that is over. */
  troubled?(trouble: Unreachable | HubError | null): void;
}

class HubState {
  private watcher: HubWatcher | null = null;
  private readonly listeners = new Set<HubListener>();
  /** The newest; null before the first. */
  snapshot: Snapshot | null = null;
  trouble: Unreachable | HubError | null = null;
  /** Who is signed in; null: nobody yet. */
  session: Session | null = null;

  /** Hears of what is new, and at once of what is known; the answer ends that. */
  subscribe(listener: HubListener): () => void {
    this.listeners.add(listener);
    if (this.snapshot !== null) listener.refreshed?.(this.snapshot);
    if (this.trouble !== null) listener.troubled?.(this.trouble);
    return () => this.listeners.delete(listener);
  }

  /** When the hub answered last; null: it has not yet. */
  get lastAnswer(): number | null {
    return this.watcher?.lastAnswer ?? null;
  }

  /** When it is asked next; null: nobody asks. */
  get nextAsk(): number | null {
    return this.watcher?.nextAsk ?? null;
  }

  /** Begins to ask for counts within a range; `signedOut` when the session has ended. */
  start(times: Times, signedOut: () => void): void {
    this.stop();
    this.watcher = new HubWatcher(times, {
      refreshed: (snapshot) => {
        this.snapshot = snapshot;
        for (const listener of [...this.listeners]) listener.refreshed?.(snapshot);
      },
      troubled: (trouble) => {
        if (trouble === null && this.trouble === null) return;
        this.trouble = trouble;
        for (const listener of [...this.listeners]) listener.troubled?.(trouble);
      },
      signedOut,
    });
  }

  stop(): void {
    this.watcher?.close();
    this.watcher = null;
    this.snapshot = null;
    this.trouble = null;
  }

  /** Counts within another range from now on. */
  count(times: Times): void {
    this.watcher?.count(times);
  }

  /** Asks at once. */
  hurry(): void {
    this.watcher?.hurry();
  }

  /** Logs have arrived: the counts have changed. */
  nudge(): void {
    this.watcher?.nudge();
  }

  /** Whether the session may do what needs a scope. */
  may(scope: "ingest" | "read" | "admin"): boolean {
    return this.session?.scopes.includes(scope) === true || this.session?.scopes.includes("admin") === true;
  }
}

export const hub = new HubState();
