// What is around every page: the name, the ways between pages, the search and range that all panels follow, and the
// banner when the hub is away. Within another page (`?embed=1`) only a slim title. Sends `signed-out`, which bubbles;
// its detail is true when the reader asked for it.
import { HubError, Unreachable, signOut, version } from "../api/client";
import { hub } from "../api/hub-state";
import { levels } from "../api/types";
import { h, icon, setText, show } from "../components/dom";
import "../components/frame/health-mark";
import { HelpDialog } from "../components/frame/help-dialog";
import { listenForShortcuts } from "../components/frame/shortcuts";
import "../components/frame/trouble-banner";
import "../components/frame/view-notice";
import "../components/logs/search-field";
import "../components/theme-switch";
import "../components/time-range";
import { visible } from "../components/visible-text";
import "./agents-page";
import "./logs-page";
import "./overview-page";
import "./send-page";
import "./settings-page";
import { PageName, View, addressOf, changeView, currentView, isEmbedded, onView, pathOf } from "./view";

const pages: [PageName, string][] = [["overview", "Overview"], ["logs", "Logs"], ["agents", "Agents"], ["settings", "Settings"], ["send", "Send logs"]];

class AppFrame extends HTMLElement {
  private readonly version = h("span", { class: "version" });
  private readonly links = new Map<PageName, HTMLAnchorElement>();
  private readonly outlet = h("main", { class: "outlet", id: "page", tabindex: "-1" });
  private readonly level = h("select", { class: "field", id: "level", "aria-label": "Lowest level" },
    ...levels.map((level) => h("option", { value: level === "debug" ? "" : level }, level === "debug" ? "All levels" : level === "critical" ? "critical" : `${level} and above`)));
  private readonly filters = h("div", { class: "filter-bar", role: "group", "aria-label": "What is shown" });
  private readonly help = new HelpDialog();
  private readonly problem = h("p", { class: "banner", role: "alert", hidden: true });
  private readonly embedTitle = h("h1", { class: "embed-title" });
  /** Within another page there is no field for the search, which values and tags set all the same. */
  private readonly embedSearch = h("button", { type: "button", class: "small-button embed-search", hidden: true, title: "Clear the search", onclick: () => changeView({ q: "" }) });
  private endings: (() => void)[] = [];

  connectedCallback(): void {
    if (this.childElementCount === 0) this.build();
    this.endings = [
      onView((view, before) => this.follow(view, before)),
      hub.subscribe({ troubled: (trouble) => this.classList.toggle("stale", trouble !== null) }),
      listenForShortcuts(() => this.help.open()),
    ];
    hub.start(currentView(), () => this.leave(false));
    if (!isEmbedded) void version().then((text) => setText(this.version, text), () => undefined);
    this.follow(currentView(), null);
  }

  disconnectedCallback(): void {
    for (const end of this.endings) end();
    hub.stop();
  }

  private build(): void {
    const bar = isEmbedded ? this.slimHeader() : this.header();
    if (!isEmbedded) this.filters.append(document.createElement("search-field"), this.level, document.createElement("time-range"));
    this.append(
      h("a", { class: "skip-link", href: "#page", onclick: (event) => { event.preventDefault(); this.outlet.focus(); } }, "Skip to the page"),
      isEmbedded ? "" : h("a", { class: "skip-link", href: "#search", onclick: (event) => { event.preventDefault(); document.getElementById("search")?.focus(); } }, "Skip to the search"),
      bar, this.filters, document.createElement("trouble-banner"), this.problem, document.createElement("view-notice"), this.outlet, this.help);
    this.level.addEventListener("change", () => changeView({ level: this.level.value === "" ? null : this.level.value }));
  }

  private header(): HTMLElement {
    const nav = h("nav", { class: "pages", "aria-label": "Pages" });
    for (const [page, name] of pages) {
      // A link, so that it opens in another tab as links do.
      const link = h("a", { class: "page-link", href: "/", onclick: (event) => this.go(event as MouseEvent, page) }, name);
      this.links.set(page, link);
      nav.append(link);
    }
    return h("header", { class: "top" },
      h("h1", { class: "brand" }, h("img", { src: "/favicon.svg", alt: "", width: "20", height: "20" }), h("span", { class: "brand-name" }, "Komfyrvakt")), this.version,
      nav, h("span", { class: "spacer" }), document.createElement("health-mark"),
      h("button", { type: "button", class: "quiet-button", title: "Keys and marks (?)", "aria-label": "Keys and marks", onclick: () => this.help.open() }, icon("M5.5 6a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.9-1.1 1.8M8 13v.1")),
      document.createElement("theme-switch"),
      h("button", { type: "button", class: "quiet-button", title: `Sign out${hub.session?.name ? ` (${visible(hub.session.name)})` : ""}`, "aria-label": "Sign out", onclick: () => void this.end() },
        icon("M6 2H3v12h3M10.5 5l3 3l-3 3M13 8H6.5")));
  }

  private slimHeader(): HTMLElement {
    return h("header", { class: "top slim" }, this.embedTitle, this.embedSearch, h("span", { class: "spacer" }), document.createElement("health-mark"), document.createElement("time-range"));
  }

  private go(event: MouseEvent, page: PageName): void {
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    changeView({ page });
  }

  private follow(view: View, before: View | null): void {
    hub.count({ since: view.since, until: view.until });
    this.level.value = view.level ?? "";
    this.level.classList.toggle("active", view.level !== null);
    // Within another page there is nothing to manage.
    const page = isEmbedded && view.page !== "logs" ? "overview" : view.page;
    show(this.filters, !isEmbedded && (page === "overview" || page === "logs"));
    for (const [name, link] of this.links) {
      link.setAttribute("aria-current", name === page ? "page" : "false");
      link.href = addressOf({ ...view, page: name, log: null });
    }
    if (this.outlet.firstElementChild?.localName !== `${page}-page`) {
      this.outlet.replaceChildren(document.createElement(`${page}-page`));
      // Whoever came by keyboard or by voice goes on where the page begins.
      if (before !== null && document.activeElement === document.body) this.outlet.focus({ preventScroll: true });
    }
    show(this.problem, false);
    const group = view.group === null ? "All groups" : visible(pathOf(view.group).path);
    const name = pages.find(([each]) => each === page)?.[1] ?? "";
    // After the panels, which may name the document too.
    queueMicrotask(() => { document.title = `${page === "overview" || page === "logs" ? (view.group === null ? name : `${group} \u00b7 ${name}`) : name} \u00b7 Komfyrvakt`; });
    show(this.embedSearch, view.q !== "");
    this.embedSearch.replaceChildren(h("bdi", {}, visible(view.q)), icon("M4 4l8 8M12 4l-8 8"));
    this.embedSearch.setAttribute("aria-label", `Clear the search ${visible(view.q)}`);
    // A shared view without a group shows all that its token may.
    const shared = view.group ?? hub.session?.group ?? null;
    setText(this.embedTitle, shared === null ? "All groups" : visible(pathOf(shared).path));
  }

  private leave(asked: boolean): void {
    this.dispatchEvent(new CustomEvent("signed-out", { bubbles: true, detail: asked }));
  }

  private async end(): Promise<void> {
    try {
      await signOut();
      this.leave(true);
    } catch (error) {
      if (error instanceof HubError && error.status === 401) this.leave(true);
      else if (error instanceof HubError || error instanceof Unreachable) {
        setText(this.problem, `You are still signed in. ${error.message}`);
        show(this.problem, true);
      } else throw error;
    }
  }
}

customElements.define("app-frame", AppFrame);
