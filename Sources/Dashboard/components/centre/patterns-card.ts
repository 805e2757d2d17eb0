// What kinds of messages there are: new ones first, and each a way to its logs.
import { Pattern, patterns } from "../../api/patterns";
import { levels } from "../../api/types";
import { View, changeView, currentView, queryOf } from "../../pages/view";
import { h, setText, show } from "../dom";
import { ago, fullNumber, momentText, shortNumber } from "../format";
import { arrange } from "../kept-focus";
import { levelMark } from "../level-mark";
import { clip, visible } from "../visible-text";
import { AskingCard } from "./centre-card";
import { both, searchFor, variables } from "./pattern-search";

const pauseMs = 30_000;
const firstRows = 10;
const rowsAtMost = 200;
const templateLength = 400;

type Order = "usual" | "count" | "level" | "newest";
const orders: [Order, string][] = [["usual", "New first"], ["count", "Most first"], ["level", "Gravest first"], ["newest", "Newest first"]];

class PatternsCard extends AskingCard {
  private readonly list = h("ol", { class: "patterns" });
  private readonly order = h("select", { class: "field small-field", "aria-label": "Order of the patterns" }, ...orders.map(([value, name]) => h("option", { value }, name)));
  private readonly count = h("span", { class: "card-fact" });
  private readonly more = h("button", { type: "button", class: "small-button", hidden: true }, "Show more");
  /** What is shown, by template, with all that it says: a refresh makes anew only what says something else. */
  private kept = new Map<string, { says: string; row: HTMLElement }>();
  private found: Pattern[] = [];
  private total = 0;
  private rows = firstRows;

  constructor() {
    super({ key: "patterns", title: "Patterns" }, pauseMs);
  }

  protected build(): void {
    this.aside.append(this.count, this.order);
    this.body.append(this.list, this.more);
    this.order.addEventListener("change", () => this.redraw());
    this.more.addEventListener("click", () => {
      this.rows = this.rows === firstRows ? 50 : rowsAtMost;
      this.again();
    });
  }

  protected override follow(view: View, before: View | null): void {
    if (before !== null && view.group !== before.group) this.rows = firstRows;
    super.follow(view, before);
  }

  protected async ask(view: View, signal: AbortSignal): Promise<string> {
    // One more than are shown, as long as they are few: other orders look farther down.
    const found = await patterns(queryOf(view), this.rows === firstRows ? 50 : rowsAtMost, signal);
    if (signal.aborted) return "";
    this.found = found.patterns;
    this.total = found.count;
    this.redraw();
    if (found.partial) return "Redis does not answer: only what the hub's memory holds is counted.";
    return found.patterns.length === 0 ? "No messages in this time." : "";
  }

  protected override redraw(): void {
    const order = this.order.value as Order;
    const sorted = [...this.found];
    if (order === "count") sorted.sort((a, b) => b.count - a.count);
    else if (order === "level") sorted.sort((a, b) => levels.indexOf(b.level) - levels.indexOf(a.level) || b.count - a.count);
    else if (order === "newest") sorted.sort((a, b) => (a.firstSeen < b.firstSeen ? 1 : -1));
    const shown = sorted.slice(0, this.rows);
    const fresh = this.found.filter((pattern) => pattern.isNew).length;
    setText(this.count, `${fullNumber(this.total)} ${this.total === 1 ? "kind" : "kinds"} of message${fresh > 0 ? `, ${fresh} new` : ""}`);
    const kept = new Map<string, { says: string; row: HTMLElement }>();
    arrange(this.list, shown.map((pattern) => {
      const seen = seenWords(pattern);
      const says = JSON.stringify([pattern, seen]);
      const before = this.kept.get(pattern.template);
      const now = before?.says === says ? before : { says, row: this.row(pattern, seen) };
      kept.set(pattern.template, now);
      return now.row;
    }));
    this.kept = kept;
    show(this.more, this.total > shown.length && this.rows < rowsAtMost);
    setText(this.more, `Show more of ${fullNumber(this.total)}`);
  }

  private row(pattern: Pattern, seen: { text: string; title: string }): HTMLElement {
    const search = searchFor(pattern.template);
    const example = pattern.exampleId;
    const template = h("button", { type: "button", class: "pattern-template", title: search === null ? "Open an example" : "Show these logs", onclick: () => this.pick(pattern, search) }, levelMark(pattern.level));
    const words = h("span", { class: "pattern-words" });
    for (const part of clip(pattern.template, templateLength).split(variables)) {
      if (part === "") continue;
      words.append(variables.test(part) ? h("span", { class: "pattern-variable" }, part) : visible(part));
    }
    if (pattern.isNew) words.prepend(h("span", { class: "new-mark" }, "new"), " ");
    template.append(words);
    const bar = h("span", { class: "share-fill" });
    bar.style.width = `${Math.max(1, pattern.share * 100)}%`;
    const row = h("li", { class: `pattern pattern-${pattern.level}` }, template,
      h("span", { class: "pattern-share", title: `${(pattern.share * 100).toFixed(pattern.share < 0.1 ? 1 : 0)} % of these logs` }, h("span", { class: "share-bar", "aria-hidden": "true" }, bar)),
      h("span", { class: "pattern-count number", title: `${fullNumber(pattern.count)} logs` }, shortNumber(pattern.count)),
      h("span", { class: "pattern-seen", title: seen.title }, seen.text),
      example === null || search === null ? h("span") : h("button", { type: "button", class: "link-button pattern-example", "aria-label": `An example of ${visible(clip(pattern.template, 80))}`, onclick: () => changeView({ log: example, panel: "logs" }) }, "example"));
    row.dataset.key = pattern.template;
    return row;
  }

  private pick(pattern: Pattern, search: string | null): void {
    const view = currentView();
    if (search !== null) changeView({ q: both(view.q, search), panel: "logs" });
    else if (pattern.exampleId !== null) changeView({ log: pattern.exampleId, panel: "logs" });
  }
}

/** When it was seen: a new one since when, the others how long ago the last time. */
function seenWords(pattern: Pattern): { text: string; title: string } {
  const first = Date.parse(pattern.firstSeen);
  const last = Date.parse(pattern.lastSeen);
  return { text: pattern.isNew ? `since ${momentText(first)}` : ago(pattern.lastSeen), title: `First ${momentText(first, true)}, last ${momentText(last, true)}` };
}

customElements.define("patterns-card", PatternsCard);
