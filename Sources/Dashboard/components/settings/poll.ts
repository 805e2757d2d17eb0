// Asks the hub again and again for what a panel shows, for as long as the page is looked at. What was shown stays while
// the hub is away; it is asked at once when that is over.
import { HubError, Unreachable } from "../../api/client";
import { hub } from "../../api/hub-state";

export type Trouble = HubError | Unreachable;

/** What a failed request means: null when the session has ended, which the frame is told. What is no answer is a fault of the page, and goes on up. */
export function troubleOf(owner: HTMLElement, error: unknown): Trouble | null {
  if (!(error instanceof HubError) && !(error instanceof Unreachable)) throw error;
  if (error instanceof HubError && error.status === 401) {
    owner.dispatchEvent(new CustomEvent("signed-out", { bubbles: true }));
    return null;
  }
  return error;
}

export class Poll<Value> {
  private timer: number | undefined;
  private asking = false;
  private again = false;
  private closed = false;
  private readonly unsubscribe: () => void;

  constructor(
    private readonly owner: HTMLElement,
    private readonly everyMs: number,
    private readonly ask: () => Promise<Value>,
    private readonly listener: { got(value: Value): void; troubled(trouble: Trouble): void },
  ) {
    document.addEventListener("visibilitychange", this.visibilityChanged);
    this.unsubscribe = hub.subscribe({ troubled: (trouble) => { if (trouble === null) this.now(); } });
    void this.run();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.unsubscribe();
    document.removeEventListener("visibilitychange", this.visibilityChanged);
  }

  /** Asks at once: something has changed. An answer that is under way may be from before it. */
  now(): void {
    if (this.asking) this.again = true;
    else void this.run();
  }

  private async run(): Promise<void> {
    clearTimeout(this.timer);
    if (this.closed || document.visibilityState === "hidden") return;
    this.asking = true;
    this.again = false;
    const start = performance.now();
    try {
      const value = await this.ask();
      if (!this.closed) this.listener.got(value);
    } catch (error) {
      if (this.closed) return;
      const trouble = troubleOf(this.owner, error);
      if (trouble !== null) this.listener.troubled(trouble);
    } finally {
      this.asking = false;
      // A hub that answers slowly is asked less often.
      const pause = this.again ? 0 : Math.max(this.everyMs, (performance.now() - start) * 4);
      if (!this.closed) this.timer = window.setTimeout(() => void this.run(), pause);
    }
  }

  private readonly visibilityChanged = (): void => {
    if (document.visibilityState === "visible") this.now();
  };
}
