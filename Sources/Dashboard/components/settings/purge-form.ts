// Removes logs for good. It says how many they are, and asks for the group's name; for all groups it asks for a sentence.
import { HubError } from "../../api/client";
import { hub } from "../../api/hub-state";
import { countOf, purge } from "../../api/purge";
import { pathOf } from "../../pages/view";
import { h, setText, show } from "../dom";
import { fullNumber } from "../format";
import { visible } from "../visible-text";
import { FormField, sayIssues } from "./form-field";
import { groupField } from "./group-field";
import { troubleOf } from "./poll";

const countAfterMs = 300;
const wholeSentence = "remove all logs";

export class PurgeForm extends HTMLElement {
  private readonly group = groupField("datacenter:rack-1", true);
  private readonly below = h("input", { type: "checkbox", id: "purge-below" });
  private readonly amount = h("p", { class: "purge-amount", role: "status" });
  private readonly typed = h("input", { type: "text", class: "field code-field", autocomplete: "off", spellcheck: "false", autocapitalize: "none", id: "purge-typed" });
  private readonly typedLabel = h("label", { class: "field-label", for: "purge-typed" });
  private readonly confirmation = h("div", { class: "purge-confirm", hidden: true }, this.typedLabel, this.typed);
  private readonly button = h("button", { type: "submit", class: "danger-button", disabled: true }, "Remove these logs");
  private readonly problem = h("p", { class: "form-problem", role: "alert", hidden: true });
  private readonly result = h("p", { class: "purge-result", role: "status", hidden: true });
  private readonly field = new FormField(["group"], "Group", this.group.input, "Its logs are removed for good, from all pages and reports.");
  private readonly allTyped = h("input", { type: "text", class: "field code-field", autocomplete: "off", spellcheck: "false", autocapitalize: "none", id: "purge-all-typed" });
  private readonly allAmount = h("p", { class: "purge-amount", role: "status" });
  private readonly allButton = h("button", { type: "submit", class: "danger-button", disabled: true }, "Remove all logs");
  private readonly all = h("details", { class: "purge-all" }, h("summary", {}, "All groups"));
  private timer: number | undefined;
  private asked = 0;
  /** The pattern whose logs were counted: only what one was told the size of can be removed. */
  private counted: string | null = null;
  private busy = false;

  connectedCallback(): void {
    if (this.childElementCount > 0) return;
    this.all.append(h("form", { novalidate: true, onsubmit: (event) => { event.preventDefault(); void this.removeAll(); } },
      this.allAmount, h("label", { class: "field-label", for: "purge-all-typed" }, "Type ", h("code", {}, wholeSentence)), this.allTyped, this.allButton));
    this.append(
      h("form", { class: "purge-form", novalidate: true, onsubmit: (event) => { event.preventDefault(); void this.removeGroup(); } },
        this.field.element, this.group.list, h("label", { class: "scope-choice", for: "purge-below" }, this.below, h("span", {}, "With all groups below it")),
        this.amount, this.confirmation, h("div", { class: "form-end" }, this.button)),
      this.all, this.problem, this.result);
    this.group.input.addEventListener("input", () => this.changed());
    this.below.addEventListener("change", () => this.changed());
    this.typed.addEventListener("input", () => this.allow());
    this.allTyped.addEventListener("input", () => this.allow());
    this.all.addEventListener("toggle", () => { if (this.all.open) void this.countAll(); });
  }

  disconnectedCallback(): void {
    clearTimeout(this.timer);
    this.asked++;
  }

  /** The pattern that is meant, and the name to be typed; null: nothing is named. */
  private wanted(): { pattern: string; path: string } | null {
    const { path, tree } = pathOf(this.group.input.value.trim());
    if (path === "") return null;
    return { path, pattern: tree || this.below.checked ? `${path}:*` : path };
  }

  private changed(): void {
    const { tree } = pathOf(this.group.input.value.trim());
    if (tree) this.below.checked = true;
    // Ticked by this form, not by the reader.
    else if (this.below.disabled) this.below.checked = false;
    this.below.disabled = tree;
    this.asked++;
    this.counted = null;
    const wanted = this.wanted();
    show(this.result, false);
    this.say("");
    this.typed.value = "";
    show(this.confirmation, wanted !== null);
    if (wanted !== null) this.typedLabel.replaceChildren("Type ", h("code", {}, h("bdi", {}, visible(wanted.path))), " to confirm");
    setText(this.amount, "");
    this.allow();
    clearTimeout(this.timer);
    if (wanted !== null) this.timer = window.setTimeout(() => void this.count(wanted.pattern), countAfterMs);
  }

  private async count(pattern: string): Promise<void> {
    const asked = ++this.asked;
    try {
      const logs = await countOf(pattern);
      if (asked !== this.asked) return;
      this.counted = pattern;
      this.allow();
      const groups = (hub.snapshot?.groups ?? []).filter((group) => covers(pattern, group.name)).length;
      setText(this.amount, logs === 0 ? "No logs are stored there." : `${fullNumber(logs)} ${logs === 1 ? "log" : "logs"}${groups > 1 ? ` in ${fullNumber(groups)} groups` : ""} would be removed.`);
    } catch (error) {
      const trouble = troubleOf(this, error);
      if (trouble === null || asked !== this.asked) return;
      setText(this.amount, `How many they are cannot be said: ${visible(trouble.message)}`);
      this.counted = pattern;
      this.allow();
    }
  }

  private async countAll(): Promise<void> {
    try {
      const logs = await countOf(null);
      const bound = hub.session?.group ?? null;
      setText(this.allAmount, `${fullNumber(logs)} ${logs === 1 ? "log" : "logs"} would be removed: everything ${bound === null ? "that is stored" : `below ${visible(bound)}, which is all that your key may see`}.`);
    } catch (error) {
      const trouble = troubleOf(this, error);
      if (trouble !== null) setText(this.allAmount, `How many they are cannot be said: ${visible(trouble.message)}`);
    }
  }

  private allow(): void {
    const wanted = this.wanted();
    this.button.disabled = this.busy || wanted === null || this.counted !== wanted.pattern || this.typed.value.trim() !== wanted.path;
    this.allButton.disabled = this.busy || this.allTyped.value.trim().toLowerCase() !== wholeSentence;
  }

  private async removeGroup(): Promise<void> {
    const wanted = this.wanted();
    if (this.button.disabled || wanted === null) return;
    if (await this.run(wanted.pattern, `of ${visible(wanted.pattern)}`)) {
      this.group.input.value = "";
      this.below.checked = false;
      this.below.disabled = false;
      show(this.confirmation, false);
      setText(this.amount, "");
      this.group.input.focus();
    }
    this.allow();
  }

  private async removeAll(): Promise<void> {
    if (this.allButton.disabled) return;
    if (await this.run(null, "of all groups")) {
      this.allTyped.value = "";
      this.all.open = false;
    }
    this.allow();
  }

  private async run(pattern: string | null, what: string): Promise<boolean> {
    this.busy = true;
    this.allow();
    this.say("");
    show(this.result, false);
    this.asked++;
    try {
      const count = await purge(pattern);
      setText(this.result, `${fullNumber(count)} ${count === 1 ? "log" : "logs"} ${what} ${count === 1 ? "was" : "were"} removed.`);
      show(this.result, true);
      hub.nudge();
      this.dispatchEvent(new CustomEvent("purged"));
      return true;
    } catch (error) {
      const trouble = troubleOf(this, error);
      if (trouble !== null) this.say(trouble instanceof HubError ? sayIssues([this.field], trouble) : `${trouble.message} Whether the logs are removed is not known.`);
      return false;
    } finally {
      this.busy = false;
    }
  }

  private say(words: string): void {
    setText(this.problem, visible(words));
    show(this.problem, words !== "");
  }
}

function covers(pattern: string, group: string): boolean {
  const { path, tree } = pathOf(pattern);
  return group === path || (tree && group.startsWith(`${path}:`));
}

customElements.define("purge-form", PurgeForm);
