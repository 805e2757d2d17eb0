// A form's field with its label, a hint, and what the hub says is wrong with it.
import { HubError } from "../../api/client";
import { h, setText, show } from "../dom";
import { visible } from "../visible-text";

let number = 0;

export class FormField {
  readonly element: HTMLElement;
  private readonly problem: HTMLElement;

  /** `names` are the members of the request that this field fills. `control` is one input, or a group of several. */
  constructor(readonly names: string[], label: string, readonly control: HTMLElement, hint = "") {
    const id = `field-${++number}`;
    this.problem = h("p", { class: "field-problem", id: `${id}-problem`, hidden: true });
    const about = [`${id}-problem`];
    if (hint !== "") about.push(`${id}-hint`);
    control.setAttribute("aria-describedby", about.join(" "));
    const isGroup = control.getAttribute("role") === "group";
    const title = isGroup ? h("span", { class: "field-label", id: `${id}-label` }, label) : h("label", { class: "field-label", for: id }, label);
    if (isGroup) control.setAttribute("aria-labelledby", `${id}-label`);
    else control.id = id;
    this.element = h("div", { class: "form-field" }, title, control, hint === "" ? null : h("p", { class: "field-hint", id: `${id}-hint` }, hint), this.problem);
    control.addEventListener("input", () => this.say(""));
  }

  /** Says what is wrong; empty: nothing. */
  say(words: string): void {
    setText(this.problem, visible(words));
    show(this.problem, words !== "");
    if (words === "") this.control.removeAttribute("aria-invalid");
    else this.control.setAttribute("aria-invalid", "true");
  }

  focus(): void {
    const first = this.control.matches("input, select") ? this.control : this.control.querySelector<HTMLElement>("input, select");
    (first ?? this.control).focus();
  }
}

/** Says each issue at its field and goes to the first; what belongs to no field is the answer. */
export function sayIssues(fields: FormField[], error: HubError): string {
  const rest: string[] = [];
  let first: FormField | null = null;
  for (const issue of error.issues) {
    const field = fields.find((candidate) => issue.place.some((part) => candidate.names.includes(part)));
    if (field === undefined) rest.push(issue.message);
    else field.say(issue.message);
    first ??= field ?? null;
  }
  first?.focus();
  return error.issues.length === 0 ? error.message : rest.join(" ");
}
