// A form that makes a secret: a key, or a share. Sends `made` with what was made; the secret is in it, and nowhere else.
// What the hub says is wrong stands at its field.
import { HubError } from "../../api/client";
import { h, setText, show } from "../dom";
import { visible } from "../visible-text";
import { FormField, sayIssues } from "./form-field";
import { troubleOf } from "./poll";

export abstract class SecretForm extends HTMLElement {
  private readonly button: HTMLButtonElement;
  private readonly problem = h("p", { class: "form-problem", role: "alert", hidden: true });
  private fields: FormField[] = [];

  protected constructor(action: string) {
    super();
    this.button = h("button", { type: "submit", class: "main-button" }, action);
  }

  /** Makes the fields, and what stands beside them without being seen. */
  protected abstract build(): { fields: FormField[]; lists: Node[] };
  /** Asks the hub; the answer is the detail of `made`. */
  protected abstract make(): Promise<unknown>;
  /** It was made: what belongs to it alone goes. */
  protected abstract clear(): void;

  connectedCallback(): void {
    if (this.childElementCount > 0) return;
    const { fields, lists } = this.build();
    this.fields = fields;
    this.append(h("form", { class: "key-form", novalidate: true, onsubmit: (event) => { event.preventDefault(); void this.submit(); } },
      ...fields.map((field) => field.element), ...lists, h("div", { class: "form-end" }, this.button, this.problem)));
  }

  focusFirst(): void {
    this.fields[0]?.focus();
  }

  private async submit(): Promise<void> {
    if (this.button.disabled) return;
    for (const field of this.fields) field.say("");
    this.say("");
    this.button.disabled = true;
    try {
      const detail = await this.make();
      // Whoever left meanwhile has not seen it; the list shows it, to be revoked.
      if (this.isConnected) this.dispatchEvent(new CustomEvent("made", { detail }));
      this.clear();
    } catch (error) {
      const trouble = troubleOf(this, error);
      if (trouble !== null) this.say(trouble instanceof HubError ? sayIssues(this.fields, trouble) : trouble.message);
    } finally {
      this.button.disabled = false;
    }
  }

  private say(words: string): void {
    setText(this.problem, visible(words));
    show(this.problem, words !== "");
  }
}

/** Several inputs as one field. */
export function inputs(...controls: HTMLElement[]): HTMLElement {
  return h("div", { class: "ends", role: "group" }, ...controls);
}
