// Says what a link asked for that is not there. It stays until it is read or something else is shown.
import { onView, takeViewProblems } from "../../pages/view";
import { h, icon, setText, show } from "../dom";
import { visible } from "../visible-text";

class ViewNotice extends HTMLElement {
  private readonly words = h("span", { role: "status" });
  private end: () => void = () => undefined;

  connectedCallback(): void {
    if (this.childElementCount === 0) {
      this.classList.add("banner", "mild");
      this.append(this.words, h("span", { class: "spacer" }),
        h("button", { type: "button", class: "quiet-button", "aria-label": "Close the notice", onclick: () => show(this, false) }, icon("M4 4l8 8M12 4l-8 8")));
      show(this, false);
    }
    this.end = onView(() => this.look());
    this.look();
  }

  disconnectedCallback(): void {
    this.end();
  }

  private look(): void {
    const problems = takeViewProblems();
    show(this, problems.length > 0);
    if (problems.length > 0) setText(this.words, visible(`The link has something that is not known here, and the usual is shown instead: ${problems.join(", ")}.`));
  }
}

customElements.define("view-notice", ViewNotice);
