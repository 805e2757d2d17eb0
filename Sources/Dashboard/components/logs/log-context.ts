// What came before and after a log, in its group and from its source: the log in the middle, more at both ends.
import { HubError, Unreachable } from "../../api/client";
import { Context, contextAtMost, contextOf } from "../../api/context";
import { Log } from "../../api/types";
import { changeView } from "../../pages/view";
import { h } from "../dom";
import { clock } from "../format";
import { levelMark } from "../level-mark";
import { showMessage } from "./message-text";

const firstEach = 5;
const moreEach = 25;
const messageAtOnce = 300;

export class LogContext extends HTMLElement {
  private olderCount = firstEach;
  private newerCount = firstEach;
  private loading = false;

  constructor(private readonly log: Log) {
    super();
  }

  connectedCallback(): void {
    if (this.childElementCount > 0) return;
    this.append(h("p", { class: "context-note", role: "status" }, "Loading what is around it\u2026"));
    void this.load();
  }

  private async load(): Promise<void> {
    if (this.loading) return;
    this.loading = true;
    try {
      const context = await contextOf(this.log.id, this.olderCount, this.newerCount);
      if (context === null) this.say("This log is no longer there: it is older than what the hub keeps, or was purged.");
      else this.show(context);
    } catch (error) {
      if (error instanceof HubError && error.status === 401) this.dispatchEvent(new CustomEvent("signed-out", { bubbles: true }));
      else if (error instanceof HubError || error instanceof Unreachable) this.say(error.message, true);
      else throw error;
    } finally {
      this.loading = false;
    }
  }

  private say(text: string, again = false): void {
    this.replaceChildren(h("p", { class: "context-note", role: "status" }, text, again && " ",
      again && h("button", { type: "button", class: "link-button", onclick: () => void this.load() }, "Try again")));
  }

  private show(context: Context): void {
    const list = h("ol", { class: "context-list", "aria-label": "The log among its neighbours, newest first" });
    // Newest above, as everywhere on this page.
    for (const log of [...context.after].reverse()) list.append(lineOf(log, false));
    list.append(lineOf(context.log, true));
    for (const log of [...context.before].reverse()) list.append(lineOf(log, false));
    this.replaceChildren(
      this.moreButton("newer", context.after.length, this.newerCount, () => { this.newerCount = Math.min(contextAtMost, this.newerCount + moreEach); }),
      list,
      this.moreButton("older", context.before.length, this.olderCount, () => { this.olderCount = Math.min(contextAtMost, this.olderCount + moreEach); }));
  }

  private moreButton(name: string, got: number, asked: number, raise: () => void): HTMLElement {
    if (got < asked) return h("p", { class: "context-note" }, `No ${name} ones from this source in this group`);
    if (asked >= contextAtMost) return h("p", { class: "context-note" }, `No more than ${contextAtMost} are shown here`);
    return h("button", { type: "button", class: "link-button context-more", onclick: () => { if (this.loading) return; raise(); void this.load(); } }, `More ${name}`);
  }
}

customElements.define("log-context", LogContext);

function lineOf(log: Log, isThis: boolean): HTMLElement {
  const [time, milliseconds] = clock(log.timestamp);
  const message = h("bdi", { class: "log-message" });
  showMessage(message, log.message, messageAtOnce, null);
  const line = h("button", { type: "button", class: "context-line", disabled: isThis, onclick: () => changeView({ log: log.id }) },
    h("time", { class: "log-time", datetime: log.timestamp }, time, milliseconds), levelMark(log.level), message);
  return h("li", { class: `log-${log.level}`, "aria-current": isThis ? "true" : null }, line);
}
