// A log that the address names and the list does not hold: of another time, another group, or below what was loaded.
// It is shown above the list, among its neighbours.
import { HubError, Unreachable } from "../../api/client";
import { logById } from "../../api/context";
import { h, show } from "../dom";
import { LogDetails } from "./log-details";
import { LogRow } from "./log-row";

export class OutsideLog extends HTMLElement {
  private logId: string | null = null;

  connectedCallback(): void {
    show(this, this.logId !== null);
  }

  close(): void {
    this.logId = null;
    show(this, false);
    this.replaceChildren();
  }

  async showLog(id: string, hits: RegExp | null): Promise<void> {
    if (id === this.logId) return;
    this.logId = id;
    show(this, true);
    this.say(id, "Loading the log\u2026");
    try {
      const log = await logById(id);
      if (id !== this.logId) return;
      if (log === null) {
        this.say(id, "This log is no longer there: it is older than what the hub keeps, was purged, or is of a group that this session may not read.");
        return;
      }
      const row = new LogRow();
      row.bind(log, { wide: false, hits, zone: null }, 0);
      row.head.disabled = true;
      const details = new LogDetails(log, { hits, steps: false, context: true });
      this.replaceChildren(
        h("p", { class: "list-note outside-note" }, "This log is outside of the list below."),
        h("div", { class: "outside-scroller", tabindex: "0", role: "region", "aria-label": "The log of this address" }, h("div", { class: row.element.className }, row.head, details)));
    } catch (error) {
      if (id !== this.logId) return;
      if (error instanceof HubError && error.status === 401) this.dispatchEvent(new CustomEvent("signed-out", { bubbles: true }));
      else if (error instanceof HubError || error instanceof Unreachable) this.say(id, error.message, hits, true);
      else throw error;
    }
  }

  private say(id: string, text: string, hits: RegExp | null = null, again = false): void {
    const retry = (): void => {
      this.logId = null;
      void this.showLog(id, hits);
    };
    this.replaceChildren(h("p", { class: "list-note outside-note", role: "status" }, h("span", {}, text), " ",
      again && h("button", { type: "button", class: "link-button", onclick: retry }, "Try again"), again && " ",
      h("button", { type: "button", class: "link-button", onclick: () => this.dispatchEvent(new CustomEvent("close-log", { bubbles: true })) }, "Close")));
  }
}

customElements.define("outside-log", OutsideLog);
