// All that is known of one log, and what to do with it. Made when a log is opened.
//
// Sends (they bubble): `close-log`, `step-log` (detail: 1 older, -1 newer), `around-log` (detail: the log).
import { Log } from "../../api/types";
import { addressOf, currentView } from "../../pages/view";
import { h } from "../dom";
import { clip, visible } from "../visible-text";
import { copyButton } from "../copy";
import { dataTree } from "./data-tree";
import { logText } from "./json-text";
import { LogContext } from "./log-context";
import { messageNodes } from "./message-text";
import { ownTerm } from "./query-terms";
import { valueButton } from "./value-menu";

/** Characters of an opened message shown before a button shows the rest. */
const messageAtOnce = 20_000;

export interface DetailsOptions {
  hits: RegExp | null;
  /** Within the list: there are a previous and a next one. */
  steps: boolean;
  /** Its neighbours are shown at once. */
  context: boolean;
}

export class LogDetails extends HTMLElement {
  constructor(
    readonly log: Log,
    private readonly options: DetailsOptions,
  ) {
    super();
  }

  connectedCallback(): void {
    if (this.childElementCount > 0) return;
    const { log } = this;
    this.className = "log-details";
    const place = h("div", { class: "context-place" });
    this.append(
      this.tools(place),
      this.message(),
      this.facts(),
      ...(log.data === null ? [] : [h("div", { class: "log-data" }, h("h3", {}, "Data"), dataTree(log.data))]),
      place);
    if (this.options.context) this.toggleContext(place);
  }

  private tools(place: HTMLElement): HTMLElement {
    const { log } = this;
    const button = (name: string, act: () => void): HTMLButtonElement => h("button", { type: "button", class: "small-button", onclick: act }, name);
    const context = button("Context", () => this.toggleContext(place));
    context.classList.add("context-button");
    context.setAttribute("aria-expanded", String(this.options.context));
    const link = (): string => new URL(addressOf({ ...currentView(), log: log.id }), location.href).href;
    return h("div", { class: "log-tools", role: "toolbar", "aria-label": "This log" },
      context, button("Around this time", () => this.send("around-log", log)),
      copyButton("Copy message", () => log.message), copyButton("Copy JSON", () => logText(log)), copyButton("Copy link", link),
      h("span", { class: "spacer" }),
      ...(this.options.steps ? [button("Newer", () => this.send("step-log", -1)), button("Older", () => this.send("step-log", 1))] : []),
      button("Close", () => this.send("close-log", null)));
  }

  private message(): HTMLElement {
    const { message } = this.log;
    const { hits } = this.options;
    const part = h("bdi", { class: "full-text" }, ...messageNodes(clip(message, messageAtOnce), hits));
    const box = h("div", { class: "full-message", tabindex: "0", role: "group", "aria-label": "Message" }, part);
    if (message.length > messageAtOnce) {
      const all = h("button", { type: "button", class: "link-button" }, `Show all ${message.length.toLocaleString("en-US")} characters`);
      all.addEventListener("click", () => {
        part.replaceChildren(...messageNodes(message, hits));
        all.remove();
      });
      box.append(" ", all);
    }
    return box;
  }

  private facts(): HTMLElement {
    const { log } = this;
    const facts = h("dl", { class: "facts" });
    const fact = (name: string, ...values: Node[]): void => facts.append(h("dt", {}, name), h("dd", {}, ...values));
    const plain = (name: string, text: string): void => fact(name, valueButton(h("bdi", {}, visible(text)), name, text, null));
    plain("Time", log.timestamp);
    if (log.received_at !== log.timestamp) plain("Received", log.received_at);
    fact("Level", valueButton(h("span", {}, log.level), "Level", log.level, ownTerm("level", log.level)));
    if (log.group === null) fact("Group", h("span", { class: "none" }, "none"));
    else fact("Group", valueButton(h("bdi", {}, visible(log.group)), "Group", log.group, ownTerm("group", log.group)));
    if (log.source !== null) fact("Source", valueButton(h("bdi", {}, visible(log.source)), "Source", log.source, ownTerm("source", log.source)));
    if (log.tags.length > 0) {
      fact("Tags", h("span", { class: "tags" }, ...log.tags.map((tag) => valueButton(h("bdi", { class: "tag" }, visible(tag)), "Tag", tag, ownTerm("tags", tag)))));
    }
    plain("Id", log.id);
    return facts;
  }

  private toggleContext(place: HTMLElement): void {
    const shown = place.childElementCount === 0;
    place.replaceChildren(...(shown ? [h("h3", {}, "Context"), new LogContext(this.log)] : []));
    this.querySelector(".context-button")?.setAttribute("aria-expanded", String(shown));
  }

  private send(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));
  }
}

customElements.define("log-details", LogDetails);
