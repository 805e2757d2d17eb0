// What the logs of the view have in common: the commonest values, each to be searched for or left out.
import { HubError, Unreachable } from "../../api/client";
import { Facets, ValueCount, facets } from "../../api/facets";
import { levels } from "../../api/types";
import { View, currentView, onView, queryOf, sameLogs } from "../../pages/view";
import { h } from "../dom";
import { fullNumber, shortNumber } from "../format";
import { visible } from "../visible-text";
import { fieldName, numberForm, ownTerm, quoted } from "./query-terms";
import { filterBy } from "./value-menu";

const valuesEach = 8;
/** Counted again this often while the view is live and someone looks. */
const againMs = 30_000;
/** Facets that are open from the beginning; fields of data open by hand. */
const openAtFirst = ["Level", "Group", "Tags", "Source"];

export class FacetStrip extends HTMLElement {
  private readonly open = new Map<string, boolean>();
  private asking: AbortController | null = null;
  private timer: number | undefined;
  private end: () => void = () => undefined;

  connectedCallback(): void {
    this.setAttribute("role", "region");
    this.setAttribute("aria-label", "Common values");
    this.end = onView((view, before) => { if (!sameLogs(view, before)) void this.load(view); });
    if (this.childElementCount === 0) this.replaceChildren(...Array.from({ length: 8 }, () => h("div", { class: "facet-skeleton", "aria-hidden": "true" })));
    void this.load(currentView());
  }

  disconnectedCallback(): void {
    this.end();
    this.asking?.abort();
    clearTimeout(this.timer);
  }

  private async load(view: View): Promise<void> {
    this.asking?.abort();
    clearTimeout(this.timer);
    const asking = new AbortController();
    this.asking = asking;
    try {
      const found = document.visibilityState === "visible" ? await facets(queryOf(view), valuesEach, asking.signal) : null;
      if (asking.signal.aborted) return;
      if (found !== null) this.show(found);
    } catch (error) {
      if (asking.signal.aborted) return;
      if (error instanceof HubError && error.status === 401) this.dispatchEvent(new CustomEvent("signed-out", { bubbles: true }));
      // Away for a moment: what is shown stays, and the banner says so. A search that is wrong is told at its field.
      else if (error instanceof HubError && error.status !== 503 && error.status !== 422) this.replaceChildren(h("p", { class: "facet-note", role: "status" }, error.message));
      else if (!(error instanceof HubError) && !(error instanceof Unreachable)) throw error;
      else if ((error instanceof HubError && error.status === 422) || this.querySelector(".facet-note") === null)
        this.replaceChildren(h("p", { class: "facet-note", role: "status" }, "No counts: the hub could not give them for this search."));
    }
    this.timer = window.setTimeout(() => void this.load(currentView()), againMs);
  }

  private show(found: Facets): void {
    const focused = this.contains(document.activeElement) ? document.activeElement?.getAttribute("aria-label") : null;
    const { scrollTop } = this;
    const parts: Node[] = [h("p", { class: "facet-note" }, found.sampled ? `Of a sample of ${fullNumber(found.total)} logs` : `Of ${fullNumber(found.total)} logs`)];
    const own = (name: string, field: "level" | "group" | "source" | "tags", values: ValueCount[]): void => {
      if (values.length > 0) parts.push(this.facet(name, values, (value) => ownTerm(field, value)));
    };
    own("Level", "level", [...levels].reverse().map((level) => ({ value: level, count: found.levels[level] })).filter(({ count }) => count > 0));
    own("Group", "group", found.groups);
    own("Tags", "tags", found.tags);
    own("Source", "source", found.sources);
    for (const { field, values } of found.fields) {
      const name = fieldName(field.split("."));
      const isNumber = (value: string): boolean => numberForm.test(value);
      parts.push(this.facet(field, values, (value) => (value === "true" || value === "false" || value === "null" ? `${name}:${value}` : `${name}=${isNumber(value) ? value : quoted(value)}`)));
    }
    this.replaceChildren(...parts);
    this.scrollTop = scrollTop;
    if (focused !== null && focused !== undefined) [...this.querySelectorAll<HTMLElement>("[aria-label]")].find((element) => element.getAttribute("aria-label") === focused)?.focus({ preventScroll: true });
  }

  private facet(name: string, values: ValueCount[], term: (value: string) => string): HTMLElement {
    const fold = h("details", { class: "facet" }, h("summary", {}, h("bdi", {}, visible(name))));
    fold.open = this.open.get(name) ?? openAtFirst.includes(name);
    fold.addEventListener("toggle", () => this.open.set(name, fold.open));
    for (const { value, count } of values) {
      const shown = visible(value);
      fold.append(h("div", { class: "facet-row" },
        h("bdi", { class: "facet-value", title: shown }, shown === "" ? "\u201c\u201d" : shown),
        h("span", { class: "facet-count", title: fullNumber(count) }, shortNumber(count)),
        h("button", { type: "button", class: "facet-button facet-for", title: "Filter for this", "aria-label": `Filter for ${visible(name)} ${shown}`, onclick: () => filterBy(term(value), false) }, "+"),
        h("button", { type: "button", class: "facet-button facet-out", title: "Filter out", "aria-label": `Filter out ${visible(name)} ${shown}`, onclick: () => filterBy(term(value), true) }, "\u2212")));
    }
    return fold;
  }
}

customElements.define("facet-strip", FacetStrip);
