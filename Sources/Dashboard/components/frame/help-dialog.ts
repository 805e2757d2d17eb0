// All keys of the page, and what shapes and colours mean.
import { levels } from "../../api/types";
import { isEmbedded } from "../../pages/view";
import { h, icon } from "../dom";
import { levelMark } from "../level-mark";
import { shortcuts } from "./shortcuts";

export class HelpDialog extends HTMLElement {
  private readonly dialog = h("dialog", { class: "help", "aria-labelledby": "help-title" });

  connectedCallback(): void {
    if (this.childElementCount > 0) return;
    const close = h("button", { type: "button", class: "quiet-button", "aria-label": "Close", onclick: () => this.dialog.close() }, icon("M4 4l8 8M12 4l-8 8"));
    const parts = shortcuts.map(([title, keys]) => {
      const list = h("dl", { class: "keys" });
      for (const [names, words] of keys) {
        list.append(h("dt", {}, ...names.map((name) => h("kbd", {}, name))), h("dd", {}, words));
      }
      return h("section", {}, h("h3", {}, title), list);
    });
    const marks = h("dl", { class: "keys" });
    for (const level of [...levels].reverse()) marks.append(h("dt", {}, levelMark(level)), h("dd", {}, level));
    this.dialog.append(
      h("div", { class: "help-head" }, h("h2", { id: "help-title" }, "Keys and marks"), close),
      h("div", { class: "help-parts" }, ...parts, h("section", {}, h("h3", {}, "Levels"), marks)),
      isEmbedded ? "" : h("p", { class: "help-foot" }, "The hub\u2019s API is described at ", h("a", { href: "/api/docs", target: "_blank", rel: "noreferrer" }, "/api/docs"), "."));
    // A press beside the dialog closes it.
    this.dialog.addEventListener("click", (event) => { if (event.target === this.dialog) this.dialog.close(); });
    this.append(this.dialog);
  }

  open(): void {
    if (!this.dialog.open) this.dialog.showModal();
  }
}

customElements.define("help-dialog", HelpDialog);
