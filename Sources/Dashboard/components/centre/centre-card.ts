// A card of the centre: a title that folds it, what it shows, and a line that says what is wrong. It has its final height
// from the beginning, keeps what it shows while it asks anew, and an error stays its own.
import { HubError, Unreachable } from "../../api/client";
import { hub } from "../../api/hub-state";
import { View, currentView, onView, sameLogs } from "../../pages/view";
import { h, icon, setText, show } from "../dom";
import { isFolded, setFolded } from "./folded";
import { Refresher, settleMs } from "./refresher";

/** Whether two views show the same times in other words. */
export function otherTimes(view: View, before: View): boolean {
  return view.zone !== before.zone || view.relative !== before.relative;
}

export interface CardWords {
  /** Names the card in the browser's memory, and in style sheets. */
  key: string;
  title: string;
}

export abstract class CentreCard extends HTMLElement {
  protected readonly body: HTMLElement;
  /** Beside the title: a figure, a button. */
  protected readonly aside = h("div", { class: "card-aside" });
  private readonly note = h("p", { class: "card-note", role: "status" });
  private readonly retry = h("button", { type: "button", class: "link-button", onclick: () => this.again() }, "Try again");
  private readonly noteLine = h("div", { class: "card-note-line", hidden: true }, this.note, this.retry);
  private readonly fold: HTMLButtonElement;
  private readonly heading: HTMLElement;
  private endings: (() => void)[] = [];

  constructor(private readonly words: CardWords) {
    super();
    this.body = h("div", { class: "card-body", id: `card-${words.key}` });
    this.heading = h("span", { class: "card-title" }, words.title);
    this.fold = h("button", { type: "button", class: "card-fold", "aria-controls": this.body.id, onclick: () => this.setFold(!this.folded) },
      icon("M4.5 6.5L8 10l3.5-3.5"), this.heading);
  }

  /** Makes the content once. */
  protected abstract build(): void;
  /** The view shows other logs, another zone, or is seen for the first time (`before` is null). */
  protected abstract follow(view: View, before: View | null): void;
  /** The reader wants it tried again, or the hub is back. */
  protected abstract again(): void;
  /** It is unfolded, or folded. */
  protected foldChanged(): void {}
  protected leave(): void {}

  connectedCallback(): void {
    if (this.childElementCount === 0) {
      this.classList.add("card", "centre-card", `card-${this.words.key}`);
      this.dataset.state = "loading";
      this.append(h("div", { class: "card-head" }, h("h3", {}, this.fold), this.aside), this.noteLine, this.body);
      this.build();
      this.showFold();
    }
    this.endings = [
      onView((view, before) => this.follow(view, before)),
      hub.subscribe({ troubled: (trouble) => { if (trouble === null && this.dataset.state === "failed") this.again(); } }),
    ];
    this.follow(currentView(), null);
  }

  disconnectedCallback(): void {
    for (const end of this.endings) end();
    this.leave();
  }

  protected get folded(): boolean {
    return isFolded(this.words.key);
  }

  protected set cardTitle(text: string) {
    setText(this.heading, text);
  }

  /** What is shown is of before: it stays, dimmed, until the answer comes. */
  protected loading(): void {
    if (this.dataset.state !== "loading") this.dataset.state = this.dataset.state === "failed" && this.classList.contains("empty") ? "loading" : "asking";
    show(this.noteLine, false);
  }

  protected ready(note = ""): void {
    this.dataset.state = "ready";
    this.classList.remove("empty");
    this.say(note, false);
  }

  /** Says what went wrong; `kept` when what is shown is from before. True: it was not a question of this page any more. */
  protected failed(error: unknown): void {
    if (error instanceof HubError && error.status === 401) {
      this.dispatchEvent(new CustomEvent("signed-out", { bubbles: true }));
      return;
    }
    if (!(error instanceof HubError) && !(error instanceof Unreachable)) throw error;
    const kept = this.dataset.state !== "loading";
    if (!kept) this.classList.add("empty");
    this.dataset.state = "failed";
    const words = error instanceof HubError && error.status === 403 ? `${error.message} This needs a key or session that may read logs.` : error.message;
    this.say(kept ? `${words} What is shown is from before.` : words, true);
  }

  private say(text: string, withRetry: boolean): void {
    setText(this.note, text);
    show(this.retry, withRetry);
    show(this.noteLine, text !== "");
    this.noteLine.classList.toggle("wrong", withRetry);
  }

  private setFold(folded: boolean): void {
    setFolded(this.words.key, folded);
    this.showFold();
    this.foldChanged();
  }

  private showFold(): void {
    const { folded } = this;
    this.fold.setAttribute("aria-expanded", String(!folded));
    this.classList.toggle("folded", folded);
    show(this.body, !folded);
  }
}

/** A card that asks the hub itself, while it is unfolded and seen. */
export abstract class AskingCard extends CentreCard {
  private inSight = false;
  private sight: IntersectionObserver | null = null;
  private readonly refresher: Refresher;

  constructor(words: CardWords, pauseMs: number) {
    super(words);
    this.refresher = new Refresher((signal) => this.askOnce(signal), pauseMs, () => this.inSight && !this.folded, () => currentView().until === null && this.isLive());
  }

  /** Asks and shows. Throws what the client throws. Answers a remark, mostly none. */
  protected abstract ask(view: View, signal: AbortSignal): Promise<string>;
  /** The same answer with times of another zone, or told in the other way. */
  protected redraw(): void {}
  /** Whether the answer changes by itself while the view is live. */
  protected isLive(): boolean {
    return true;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.sight = new IntersectionObserver((entries) => {
      this.inSight = entries[entries.length - 1]?.isIntersecting === true;
      if (this.inSight) this.refresher.look();
    }, { root: this.closest(".summary-scroller"), rootMargin: "200px 0px" });
    this.sight.observe(this);
    this.refresher.start();
  }

  protected override leave(): void {
    this.sight?.disconnect();
    this.refresher.stop();
  }

  protected follow(view: View, before: View | null): void {
    if (before !== null && sameLogs(view, before)) {
      if (otherTimes(view, before)) this.redraw();
      return;
    }
    this.askAnew(before === null ? 0 : settleMs);
  }

  /** What is shown is no answer to what is asked now. */
  protected askAnew(afterMs: number): void {
    this.loading();
    this.refresher.now(afterMs);
  }

  protected again(): void {
    this.loading();
    this.refresher.now();
  }

  protected override foldChanged(): void {
    this.refresher.look();
  }

  private async askOnce(signal: AbortSignal): Promise<boolean> {
    try {
      const note = await this.ask(currentView(), signal);
      if (!signal.aborted) this.ready(note);
      return true;
    } catch (error) {
      if (!signal.aborted) this.failed(error);
      return false;
    }
  }
}
