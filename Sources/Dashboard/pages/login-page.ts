// Says how to come in: by a link that someone sent, or with a key. Most who see it have no terminal on the hub's machine.
import { HubError, Unreachable, signIn } from "../api/client";
import { h, setText, show } from "../components/dom";
import "../components/theme-switch";

/** Sends `signed-in`, which bubbles. */
export class LoginPage extends HTMLElement {
  private readonly message = h("p", { class: "form-problem", id: "login-problem", role: "alert", hidden: true });
  private readonly key = h("input", {
    id: "key", type: "password", class: "field", autocomplete: "current-password", spellcheck: "false", autocapitalize: "off", required: true,
    placeholder: "kmf_\u2026", "aria-describedby": "login-problem",
  });
  private readonly button = h("button", { type: "submit", class: "main-button" }, "Open");

  connectedCallback(): void {
    if (this.childElementCount === 0) this.build();
    this.key.focus();
  }

  private build(): void {
    const form = h("form", { class: "login-form", novalidate: true, onsubmit: (event) => { event.preventDefault(); void this.submit(); } },
      // Password managers file the key under a name.
      h("input", { type: "text", autocomplete: "username", value: "komfyrvakt", hidden: true, readonly: true }),
      h("label", { for: "key" }, "Your key"), h("div", { class: "field-row" }, this.key, this.button), this.message);
    this.append(h("main", { class: "full-page" },
      h("div", { class: "login-card" },
        h("div", { class: "login-brand" }, h("img", { src: "/favicon.svg", alt: "", width: "32", height: "32" }), h("h1", {}, "Komfyrvakt")),
        h("p", { class: "login-intro" }, "Sign in with a key, or open the login link that you were sent."),
        form,
        h("details", { class: "login-help" }, h("summary", {}, "What is a key?"),
          h("p", {}, "A key is like a password: a line that begins with kmf_. Whoever runs this hub makes one for you, on the page Settings, with the scope read. It is shown once, so keep it in your password manager."),
          h("p", {}, "They can also send you a login link instead. It works once, within ten minutes.")),
        h("details", { class: "login-help" }, h("summary", {}, "I run this hub"),
          h("p", {}, "At its first start the hub printed a link. Make another one on its machine, in the hub\u2019s folder:"),
          h("pre", { class: "code", tabindex: "0", "aria-label": "The command for a link" }, h("code", {}, "komfyr-hub login")),
          h("p", {}, "The first key is in the file .env there."))),
      document.createElement("theme-switch")));
  }

  /** Says why the last way in did not work. */
  set problem(text: string) {
    setText(this.message, text);
    show(this.message, text !== "");
    this.key.removeAttribute("aria-invalid");
  }

  private fail(words: string): void {
    this.problem = words;
    this.key.setAttribute("aria-invalid", "true");
    this.key.focus();
    this.key.select();
  }

  private async submit(): Promise<void> {
    const key = this.key.value.trim();
    if (key === "") return this.fail("Paste your key here first.");
    if (key.startsWith("kms_")) return this.fail("This is the token of a shared view. Open the whole link that you were sent; it is no key to sign in with.");
    this.button.disabled = true;
    setText(this.button, "Opening\u2026");
    try {
      await signIn({ key });
      this.key.value = "";
      this.dispatchEvent(new CustomEvent("signed-in", { bubbles: true }));
    } catch (error) {
      if (!(error instanceof HubError) && !(error instanceof Unreachable)) throw error;
      this.fail(words(error));
    } finally {
      this.button.disabled = false;
      setText(this.button, "Open");
    }
  }
}

function words(error: HubError | Unreachable): string {
  if (error instanceof Unreachable) return "The hub does not answer. Is it running, and are you in its network? Your key was not checked.";
  if (error.status === 401) return "The hub does not know this key. Was it copied whole? It may also have ended, or been revoked.";
  return error.message;
}

customElements.define("login-page", LoginPage);
