// The search that all panels follow, in the `q` language. Enter applies it, so that back undoes it; what the hub does not
// understand is not applied but shown at its place. Suggestions come while one types and never take a key that was not
// meant for them: enter takes one only after an arrow key has chosen it.
import { Unreachable } from "../../api/client";
import { SearchProblem, searchProblem } from "../../api/facets";
import { changeView, currentView, onView } from "../../pages/view";
import { h, icon, show } from "../dom";
import { shortNumber } from "../format";
import { visible } from "../visible-text";
import { Completion, Suggestion } from "./search-completion";
import { forgetSearches, pastSearches, rememberSearch } from "./search-history";
import { searchHelp } from "./search-help";

type Drop = "none" | "suggestions" | "history" | "help";

/** Characters around the wrong place that are shown. */
const aroundProblem = 60;

class SearchField extends HTMLElement {
  private readonly completion = new Completion();
  private options: { element: HTMLElement; take: () => void }[] = [];
  private chosen = -1;
  private shown: Drop = "none";
  /** Counts texts and checks: a late answer to an older one is dropped. */
  private check = 0;
  /** The last search that the hub is known to understand. */
  private understood = "";
  private end: () => void = () => undefined;

  private readonly input = h("input", {
    type: "search", class: "field", id: "search", "aria-label": "Search", placeholder: "Search: words, \u201cphrases\u201d, field:value, -not",
    autocomplete: "off", autocapitalize: "off", spellcheck: "false", role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false",
    "aria-controls": "search-drop", "aria-describedby": "search-problem", maxlength: "4000",
  });
  private readonly clear = h("button", { type: "button", class: "quiet-button search-clear", title: "Clear the search", "aria-label": "Clear the search", hidden: true, onclick: () => this.take("") }, icon("M4 4l8 8M12 4l-8 8"));
  private readonly history = h("button", { type: "button", class: "quiet-button search-history", title: "Past searches", "aria-label": "Past searches", onclick: () => this.toggle("history") }, icon("M8 4.5V8l2.5 1.5M2.5 8a5.5 5.5 0 1 0 1.8-4.1M2.5 2.5V5H5"));
  private readonly help = h("button", { type: "button", class: "quiet-button search-help", title: "How to search", "aria-label": "How to search", onclick: () => this.toggle("help") }, icon("M8 14.5a6.5 6.5 0 1 0 0-13a6.5 6.5 0 1 0 0 13M6.2 6.2a1.8 1.8 0 1 1 2.6 1.6c-.6.3-.8.7-.8 1.3M8 11.5v.1"));
  private readonly drop = h("div", { class: "search-drop", id: "search-drop", hidden: true });
  private readonly problem = h("div", { class: "search-problem", id: "search-problem", role: "alert", hidden: true });

  connectedCallback(): void {
    if (this.childElementCount === 0) this.build();
    this.end = onView((view, before) => {
      if (view.q !== before.q) this.follow(view.q);
    });
    document.addEventListener("pointerdown", this.clickedElsewhere);
    this.follow(currentView().q);
  }

  disconnectedCallback(): void {
    this.end();
    document.removeEventListener("pointerdown", this.clickedElsewhere);
    this.completion.cancel();
  }

  private build(): void {
    this.append(
      h("form", { role: "search", onsubmit: (event) => { event.preventDefault(); void this.apply(); } },
        h("div", { class: "search-box" }, this.input, h("div", { class: "search-tools" }, this.clear, this.history, this.help))),
      this.problem, this.drop);
    this.input.addEventListener("input", () => {
      this.edited();
      void this.suggest();
    });
    this.input.addEventListener("keydown", (event) => this.pressed(event));
    this.addEventListener("focusout", (event) => {
      if (!this.contains(event.relatedTarget as Node | null)) this.close();
    });
  }

  /** Another text: what is still to be said of the one before is not said under it. */
  private edited(): void {
    this.check += 1;
    this.showProblem(null);
    show(this.clear, this.input.value !== "");
  }

  /** The view's search has changed: by this field, by back, by a value's menu. */
  private follow(q: string): void {
    this.input.value = q;
    this.edited();
    this.close();
    if (q !== this.understood) void this.verify(q);
  }

  private async apply(): Promise<void> {
    const q = this.input.value.trim();
    this.close();
    if (await this.verify(q)) {
      rememberSearch(q);
      changeView({ q });
    }
  }

  /** Whether the hub understands it; what is wrong is shown. */
  private async verify(q: string): Promise<boolean> {
    this.check += 1;
    const { check } = this;
    let problem: SearchProblem | null = null;
    let isKnown = true;
    try {
      problem = await searchProblem(q);
    } catch (error) {
      // Nobody can tell now: the list says why when it asks.
      if (!(error instanceof Unreachable)) throw error;
      isKnown = false;
    }
    if (check !== this.check) return false;
    if (problem === null && isKnown) this.understood = q;
    this.showProblem(problem, q);
    return problem === null;
  }

  /** Shows what is wrong: the search with its place marked, and the hub's words. */
  private showProblem(problem: SearchProblem | null, q = ""): void {
    show(this.problem, problem !== null);
    if (problem === null) {
      this.input.removeAttribute("aria-invalid");
      this.problem.replaceChildren();
      return;
    }
    this.input.setAttribute("aria-invalid", "true");
    const characters = Array.from(q);
    const place = problem.position === null ? null : Math.min(problem.position, characters.length);
    if (place === null) {
      this.problem.replaceChildren(h("p", {}, visible(problem.words)));
      return;
    }
    const before = characters.slice(Math.max(0, place - aroundProblem), place).join("");
    const wrong = characters[place] ?? " ";
    const after = characters.slice(place + 1, place + aroundProblem).join("");
    this.problem.replaceChildren(
      h("pre", {}, place > aroundProblem ? "\u2026" : "", visible(before), h("span", { class: "wrong-place" }, visible(wrong === " " ? "\u00a0" : wrong)), visible(after)),
      h("p", {}, `${visible(problem.words)} (character ${place + 1})`));
    const offset = characters.slice(0, place).join("").length;
    if (document.activeElement === this.input) this.input.setSelectionRange(offset, offset);
  }

  private async suggest(): Promise<void> {
    const { value } = this.input;
    const found = await this.completion.at(value, this.input.selectionStart ?? value.length);
    if (found === null || value !== this.input.value || document.activeElement !== this.input) return;
    if (found.length === 0) {
      if (this.shown === "suggestions") this.close();
      return;
    }
    this.open("suggestions", [], found.map((suggestion) => this.option(suggestion.text, suggestion.kind, suggestion.count, () => this.complete(suggestion))));
  }

  private complete({ text, start, end }: Suggestion): void {
    const { value } = this.input;
    const isValue = !/[:=]$/.test(text);
    const rest = value.slice(end);
    const gap = isValue && rest === "" ? " " : "";
    this.input.value = `${value.slice(0, start)}${text}${gap}${rest}`;
    const caret = start + text.length + gap.length;
    this.input.focus();
    this.input.setSelectionRange(caret, caret);
    this.edited();
    this.close();
    // A field's name is followed by its values.
    if (!isValue) void this.suggest();
  }

  private take(q: string): void {
    this.input.value = q;
    this.input.focus();
    this.edited();
    this.close();
    if (q === "") void this.apply();
  }

  private toggle(drop: "history" | "help"): void {
    if (this.shown === drop) this.close();
    else if (drop === "history") this.showHistory();
    else this.open("help", [searchHelp((example) => this.take(example))], []);
  }

  private showHistory(): void {
    const past = pastSearches();
    const note = past.length === 0
      ? h("p", { class: "drop-note" }, "No searches yet.")
      : h("p", { class: "drop-note" }, "Past searches of this browser", h("button", { type: "button", class: "link-button", onclick: () => { forgetSearches(); this.showHistory(); } }, "Forget them"));
    this.open("history", [note], past.map((q) => this.option(q, "", null, () => {
      this.take(q);
      void this.apply();
    })));
  }

  private option(text: string, kind: string, count: number | null, take: () => void): { element: HTMLElement; take: () => void } {
    const element = h("div", { role: "option", class: "suggestion", "aria-selected": "false" },
      h("bdi", { class: "suggestion-text" }, visible(text)), h("span", { class: "suggestion-kind" }, kind),
      count === null ? null : h("span", { class: "suggestion-count" }, shortNumber(count)));
    // Before the field loses the focus.
    element.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      take();
    });
    return { element, take };
  }

  private open(drop: Drop, notes: Node[], options: { element: HTMLElement; take: () => void }[]): void {
    this.shown = drop;
    this.options = options;
    options.forEach((option, index) => { option.element.id = `search-option-${index}`; });
    const list = h("div", { role: "listbox", "aria-label": drop === "history" ? "Past searches" : "Suggestions" }, ...options.map((option) => option.element));
    this.drop.replaceChildren(...notes, ...(options.length === 0 ? [] : [list]));
    this.choose(-1);
    show(this.drop, true);
    this.input.setAttribute("aria-expanded", String(options.length > 0));
  }

  private close(): void {
    if (this.shown === "none") return;
    this.completion.cancel();
    this.shown = "none";
    this.options = [];
    this.choose(-1);
    show(this.drop, false);
    this.input.setAttribute("aria-expanded", "false");
  }

  private choose(index: number): void {
    this.chosen = index;
    this.options.forEach((option, place) => option.element.setAttribute("aria-selected", String(place === index)));
    const element = this.options[index]?.element;
    if (element === undefined) this.input.removeAttribute("aria-activedescendant");
    else {
      this.input.setAttribute("aria-activedescendant", element.id);
      element.scrollIntoView({ block: "nearest" });
    }
  }

  private pressed(event: KeyboardEvent): void {
    const { key } = event;
    const isOpen = this.options.length > 0;
    if (key === "ArrowDown" && isOpen) this.choose((this.chosen + 1) % this.options.length);
    else if (key === "ArrowUp" && isOpen) this.choose((this.chosen <= 0 ? this.options.length : this.chosen) - 1);
    else if (key === "ArrowUp" && this.input.value === "") this.showHistory();
    else if (key === "ArrowDown" && this.shown === "none") void this.suggest();
    else if ((key === "Enter" || key === "Tab") && this.chosen >= 0) this.options[this.chosen]?.take();
    else if (key === "Escape" && this.shown !== "none") this.close();
    else if (key === "Escape") {
      // Back to what is applied; then out of the field.
      if (this.input.value === currentView().q) this.input.blur();
      else this.follow(currentView().q);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  private readonly clickedElsewhere = (event: Event): void => {
    if (!this.contains(event.target as Node)) this.close();
  };
}

customElements.define("search-field", SearchField);
