// The page's frame: finds out whether there is a session, and shows the login or the pages.
import { HubError, Unreachable, session, signIn, signOut } from "../api/client";
import { hub } from "../api/hub-state";
import { hasTokenAddress, takeToken } from "../api/token";
import { h } from "../components/dom";
import { LoginPage } from "./login-page";
import "./app-frame";
import { isEmbedded } from "./view";

const firstPauseMs = 500;
const longestPauseMs = 5_000;

class KomfyrApp extends HTMLElement {
  /** Which start counts: a later one has taken its place. */
  private starts = 0;

  connectedCallback(): void {
    this.addEventListener("signed-in", () => void this.start());
    this.addEventListener("signed-out", (event) => this.leave((event as CustomEvent<unknown>).detail === true));
    const hasToken = isEmbedded && takeToken() !== null;
    const code = isEmbedded ? null : takeCode();
    // A login link opened in a tab that shows the page already changes the fragment only; so does another token.
    window.addEventListener("hashchange", () => {
      if (isEmbedded) {
        if (takeToken() !== null) void this.start();
        return;
      }
      // A shared view has another frame: the page begins anew as one, and takes the token out of the address then.
      if (hasTokenAddress()) {
        location.reload();
        return;
      }
      const later = takeCode();
      if (later !== null) void this.useCode(later);
    });
    void (code === null ? this.start(hasToken) : this.useCode(code));
  }

  /** Signs in by a link's code. The address has it no more, so it is kept here for as long as another try may help. */
  private async useCode(code: string): Promise<void> {
    this.starts += 1;
    const start = this.starts;
    this.say("Signing in\u2026");
    try {
      await signIn({ code });
      if (start === this.starts) await this.start();
    } catch (error) {
      if (!(error instanceof HubError) && !(error instanceof Unreachable)) throw error;
      if (start !== this.starts) return;
      // A link that was used before is no harm to someone who is signed in.
      if (error instanceof HubError && (await session().catch(() => null)) !== null) {
        if (start === this.starts) await this.start();
      } else if (start !== this.starts) return;
      else if (error instanceof HubError && error.status < 500 && error.status !== 429) {
        this.showLogin(error.status === 401 ? "This login link was used before, or is older than ten minutes. Ask for another one, or sign in with a key." : error.message);
      } else this.showNotYet(error, code);
    }
  }

  /** What passes: the link may still count. */
  private showNotYet(error: HubError | Unreachable, code: string): void {
    const again = h("button", { type: "button", class: "main-button", onclick: () => void this.useCode(code) }, "Try again");
    this.replaceChildren(h("main", { class: "full-page" }, h("div", { class: "login-card", role: "alert" },
      h("h1", {}, "Not signed in yet"),
      h("p", {}, `${error.message} ${error instanceof Unreachable ? "Is it running, and are you in its network? " : ""}Your link counts for ten minutes.`),
      h("div", { class: "login-choices" }, again, h("button", { type: "button", class: "link-button", onclick: () => this.showLogin("") }, "Sign in with a key")))));
    again.focus();
  }

  /** Asks for as long as the hub does not answer: the page may have been opened before the hub was started. */
  private async start(hasToken = true): Promise<void> {
    this.starts += 1;
    const start = this.starts;
    const slow = setTimeout(() => { if (start === this.starts && this.childElementCount === 0) this.say("Connecting\u2026"); }, firstPauseMs);
    for (let pauseMs = firstPauseMs; start === this.starts; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      try {
        const found = await session();
        clearTimeout(slow);
        if (start !== this.starts) return;
        hub.session = found;
        if (found === null) this.leave(false, hasToken);
        else if (hub.may("read")) this.replaceChildren(document.createElement("app-frame"));
        else this.showNoPermission(found.scopes);
        return;
      } catch (error) {
        clearTimeout(slow);
        if (start !== this.starts) return;
        if (!(error instanceof HubError) && !(error instanceof Unreachable)) throw error;
        this.say(`${error.message} Trying again\u2026`);
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
  }

  /** There is no session, or no more. */
  private leave(asked: boolean, hadToken = true): void {
    this.starts += 1;
    if (isEmbedded) {
      hub.session = null;
      this.say(hadToken ? "This shared view has ended. Ask whoever shared it for a new link."
        : "This shared view has no token. Its address must end in #token=kms_\u2026, as the hub gave it.", "Not shown");
      return;
    }
    const wasSignedIn = hub.session !== null;
    hub.session = null;
    // Several parts of the page may hear of it; what is typed meanwhile stays.
    if (this.firstElementChild instanceof LoginPage) return;
    this.showLogin(asked || !wasSignedIn ? "" : "Your session has ended. Sign in again: you come back to what you were looking at.");
  }

  private showLogin(problem: string): void {
    const page = new LoginPage();
    page.problem = problem;
    this.replaceChildren(page);
    document.title = "Sign in \u00b7 Komfyrvakt";
  }

  private showNoPermission(scopes: string[]): void {
    const again = h("button", { type: "button", class: "main-button", onclick: () => void this.end() }, "Sign in with another key");
    this.replaceChildren(h("main", { class: "full-page" }, h("div", { class: "login-card", role: "alert" },
      h("h1", {}, "This key may not read logs"),
      h("p", {}, `It has the scope ${scopes.join(", ") || "of nothing"}: programs send logs with it. To look at logs it takes a key with the scope read; whoever runs the hub makes one on the settings page.`),
      isEmbedded ? null : again)));
  }

  private async end(): Promise<void> {
    try {
      await signOut();
    } catch (error) {
      if (!(error instanceof HubError) && !(error instanceof Unreachable)) throw error;
    }
    this.leave(true);
  }

  private say(words: string, title = ""): void {
    this.replaceChildren(h("main", { class: "full-page" }, h("div", { class: "empty-state", role: "status" }, title === "" ? null : h("p", { class: "empty-title" }, title), h("p", {}, words))));
  }
}

/** Reads `#login=CODE` and takes it out of the address at once, so that it is in no history and no bookmark. */
function takeCode(): string | null {
  const code = /^#login=([^&]+)/.exec(location.hash)?.[1];
  if (code === undefined) return null;
  history.replaceState(history.state, "", location.pathname + location.search);
  try {
    return decodeURIComponent(code);
  } catch {
    return code;
  }
}

customElements.define("komfyr-app", KomfyrApp);
