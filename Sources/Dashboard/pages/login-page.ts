// Says how to come in: by a link from the hub's terminal, or with a key.
import { HubError, Unreachable, signIn } from "../api/client";
import { h, setText, show } from "../components/dom";
import "../components/theme-switch";

/** Sends `signed-in`, which bubbles. */
export class LoginPage extends HTMLElement {
  private readonly message = h("p", { class: "form-problem", role: "alert", hidden: true });
  private readonly key = h("input", {
    id: "key", type: "password", class: "field", autocomplete: "current-password", spellcheck: "false", required: true, placeholder: "kmf_\u2026",
  });
  private readonly button = h("button", { type: "submit", class: "main-button" }, "Open");

  connectedCallback(): void {
    if (this.childElementCount > 0) return;
    const form = h("form", { class: "login-form", onsubmit: (event) => { event.preventDefault(); void this.submit(); } },
      // Password managers file the key under a name.
      h("input", { type: "text", autocomplete: "username", value: "komfyrvakt", hidden: true, readonly: true }),
      h("label", { for: "key" }, "API key with read scope"), h("div", { class: "field-row" }, this.key, this.button), this.message);
    this.append(h("main", { class: "full-page" },
      h("div", { class: "login-card" },
        h("div", { class: "login-brand" }, h("img", { src: "/favicon.svg", alt: "", width: "32", height: "32" }), h("h1", {}, "Komfyrvakt")),
        h("p", {}, "Open the one-time link that the hub printed when it started, or make another on the machine where it runs:"),
        h("pre", { class: "code", tabindex: "0", "aria-label": "The command for a link" }, h("code", {}, "komfyr-hub login")),
        h("p", { class: "or" }, "or sign in with a key"),
        form),
      document.createElement("theme-switch")));
  }

  /** Says why the last way in did not work. */
  set problem(text: string) {
    setText(this.message, text);
    show(this.message, text !== "");
  }

  private async submit(): Promise<void> {
    this.button.disabled = true;
    try {
      await signIn({ key: this.key.value.trim() });
      this.key.value = "";
      this.dispatchEvent(new CustomEvent("signed-in", { bubbles: true }));
    } catch (error) {
      if (!(error instanceof HubError) && !(error instanceof Unreachable)) throw error;
      this.problem = error.message;
      this.key.focus();
    } finally {
      this.button.disabled = false;
    }
  }
}

customElements.define("login-page", LoginPage);
