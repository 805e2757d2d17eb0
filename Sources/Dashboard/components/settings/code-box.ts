// Lines to copy.
import { copyIcon } from "../copy";
import { h } from "../dom";

/** A box with lines and a button that copies them. `label` says what they are. */
export function codeBox(label: string, lines: string): HTMLElement {
  const code = h("code", {}, lines);
  return h("div", { class: "code" }, h("pre", { tabindex: "0", role: "group", "aria-label": label }, code), copyIcon(label, code));
}
