// A secret that is shown this once. It is on the page until the reader says that they have it, or leaves; then nothing of
// it is left in the document. It is never in the address, nor stored.
import { h } from "../dom";
import { visible } from "../visible-text";
import { codeBox } from "./code-box";

export interface SecretPart {
  label: string;
  lines: string;
}

export class SecretBox extends HTMLElement {
  private readonly leave = (): void => this.forget();

  connectedCallback(): void {
    this.hidden = this.childElementCount === 0;
    // A page that the browser keeps for `back` would keep what it shows.
    window.addEventListener("pagehide", this.leave);
  }

  disconnectedCallback(): void {
    window.removeEventListener("pagehide", this.leave);
    this.forget();
  }

  /** Shows the parts; `kept` when the reader says so. */
  reveal(title: string, words: string, parts: SecretPart[], kept: () => void): void {
    const heading = h("h3", { tabindex: "-1" }, visible(title));
    this.replaceChildren(heading, h("p", {}, words),
      ...parts.map((part) => h("div", { class: "secret-part" }, h("h4", {}, part.label), codeBox(part.label, part.lines))),
      h("button", { type: "button", class: "main-button kept", onclick: () => { this.forget(); kept(); } }, "I have kept it"));
    this.hidden = false;
    heading.focus();
    this.scrollIntoView({ block: "nearest" });
  }

  forget(): void {
    // What was copied by hand may still be selected, which keeps the text alive in some browsers.
    if (this.contains(getSelection()?.anchorNode ?? null)) getSelection()?.removeAllRanges();
    this.replaceChildren();
    this.hidden = true;
  }
}

customElements.define("secret-box", SecretBox);
