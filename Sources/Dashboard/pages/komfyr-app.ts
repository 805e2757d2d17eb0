// The page's frame: finds out whether there is a session, and shows the login or the overview.
import { HubError, Unreachable, signIn, signedIn } from "../api/client";
import { h } from "../components/dom";
import { LoginPage } from "./login-page";
import "./overview-page";

const firstPauseMs = 500;
const longestPauseMs = 5_000;

class KomfyrApp extends HTMLElement {
  connectedCallback(): void {
    this.addEventListener("signed-in", () => this.showOverview());
    this.addEventListener("signed-out", () => this.showLogin(""));
    const code = takeCode();
    // A login link opened in a tab that shows the page already changes the fragment only.
    window.addEventListener("hashchange", () => {
      const later = takeCode();
      if (later !== null) void this.useCode(later);
    });
    void (code === null ? this.start() : this.useCode(code));
  }

  private async useCode(code: string): Promise<void> {
    try {
      await signIn({ code });
      this.showOverview();
    } catch (error) {
      if (error instanceof Unreachable) {
        this.showLogin("The hub does not answer. Open the link again when it runs: its code was not used.");
        return;
      }
      if (!(error instanceof HubError)) throw error;
      // A link that was used before is no harm to someone who is signed in.
      if (await signedIn().catch(() => false)) this.showOverview();
      else this.showLogin(error.message);
    }
  }

  /** Asks for as long as the hub does not answer: the page may have been opened before the hub was started. */
  private async start(): Promise<void> {
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      try {
        if (await signedIn()) this.showOverview();
        else this.showLogin("");
        return;
      } catch (error) {
        const words = error instanceof HubError ? error.message : "The hub does not answer.";
        this.replaceChildren(h("main", { class: "full-page" }, h("p", { class: "notice", role: "status" }, `${words} Trying again\u2026`)));
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
  }

  private showOverview(): void {
    this.replaceChildren(document.createElement("overview-page"));
  }

  private showLogin(problem: string): void {
    const page = new LoginPage();
    page.problem = problem;
    this.replaceChildren(page);
  }
}

/** Reads `#login=CODE` and takes it out of the address at once, so that it is in no history and no bookmark. */
function takeCode(): string | null {
  const code = /^#login=([^&]+)$/.exec(location.hash)?.[1];
  if (code === undefined) return null;
  history.replaceState(history.state, "", location.pathname + location.search);
  try {
    return decodeURIComponent(code);
  } catch {
    return code;
  }
}

customElements.define("komfyr-app", KomfyrApp);
