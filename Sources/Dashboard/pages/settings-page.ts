// How the hub is set and how full it is, who may what, and removing logs. `#part=keys` goes to a part.
import { version } from "../api/client";
import { Figures, figures, frameAncestors } from "../api/figures";
import { hub } from "../api/hub-state";
import { h, setText, show } from "../components/dom";
import { fullNumber, share } from "../components/format";
import "../components/settings/key-panel";
import { PanelState, permissionNote } from "../components/settings/panel-state";
import { onPlace, placeWord, setPlace } from "../components/settings/place";
import { Poll } from "../components/settings/poll";
import { PurgeForm } from "../components/settings/purge-form";
import { SettingPlaces, analystName } from "../components/settings/setting-places";
import { StoreFigures } from "../components/settings/store-figures";
import { visible } from "../components/visible-text";

const everyMs = 5_000;

const parts: [string, string, string][] = [
  ["store", "Store", "What is kept, and how much room there is."],
  ["keys", "Keys", "Each program and person with a key of their own: it can be revoked alone."],
  ["shares", "Shares", "Links that show one group for a while, to people without a key and within other pages."],
  ["reports", "Reports", "Who writes the analysis."],
  ["environment", "Environment", "Where each setting is set. This page changes none."],
  ["purge", "Remove logs", "For good. There is no way back."],
  ["about", "About", ""],
];

class SettingsPage extends HTMLElement {
  private readonly sections = new Map<string, HTMLElement>();
  private readonly links = new Map<string, HTMLElement>();
  private readonly state = new PanelState();
  private readonly store = new StoreFigures();
  private readonly places = new SettingPlaces();
  private readonly analyst = h("p", { class: "analyst-name" }, "\u2013");
  private readonly tokens = h("p", { class: "dim" });
  private readonly tokenUsed = h("span", { class: "meter-used" });
  private readonly tokenMeter = h("div", { class: "meter", role: "meter", "aria-label": "Tokens of today", "aria-valuemin": "0" }, this.tokenUsed);
  private readonly frames = h("code", {}, "\u2013");
  private readonly about = h("dl", { class: "agent-facts" });
  private version = "";
  /** As the page's policy says it, or null when it says nothing of them; undefined: not asked yet. */
  private ancestors: string | null | undefined;
  private newest: Figures | null = null;
  private poll: Poll<Figures> | null = null;
  private endings: (() => void)[] = [];

  connectedCallback(): void {
    if (this.childElementCount === 0) this.build();
    this.poll = new Poll(this, everyMs, () => this.ask(), {
      got: (read) => this.got(read),
      troubled: (trouble) => {
        this.state.troubled(trouble, () => this.poll?.now());
        show(this.store, this.newest !== null);
      },
    });
    this.endings = [onPlace(() => this.go(placeWord("part")))];
    // Once the page is laid out: a link to a part goes there.
    requestAnimationFrame(() => this.go(placeWord("part")));
  }

  disconnectedCallback(): void {
    this.poll?.close();
    for (const end of this.endings) end();
  }

  private build(): void {
    const nav = h("nav", { class: "part-links", "aria-label": "Parts of the settings" });
    const body = h("div", { class: "parts" });
    const contents = this.contents();
    for (const [id, name, words] of parts) {
      const link = h("a", { href: `#part=${id}`, class: "part-link", onclick: (event) => { event.preventDefault(); setPlace({ part: id }); this.go(id); } }, name);
      this.links.set(id, link);
      nav.append(link);
      const section = h("section", { class: "card part", id: `part-${id}`, "aria-labelledby": `title-${id}` },
        h("div", { class: "part-head" }, h("h2", { id: `title-${id}`, tabindex: "-1" }, name), words === "" ? null : h("p", { class: "dim" }, words)), ...(contents[id] ?? []));
      this.sections.set(id, section);
      body.append(section);
    }
    const scroller = h("div", { class: "page-scroller" }, h("div", { class: "page-body settings-body" }, nav, body));
    scroller.addEventListener("scroll", () => this.mark(scroller), { passive: true });
    this.append(scroller);
  }

  private contents(): Record<string, Node[]> {
    const purge = new PurgeForm();
    purge.addEventListener("purged", () => this.poll?.now());
    return {
      store: [this.state.old, this.state.element, this.store],
      keys: [document.createElement("key-panel")],
      shares: [document.createElement("share-panel"),
        h("p", { class: "part-note" }, "Pages of these sites may show it in a frame: ", this.frames, ". The hub\u2019s ", h("code", {}, "KOMFYRVAKT_FRAME_ANCESTORS"),
          " says which, as in ", h("code", {}, "'self' https://wiki.example.org"), "; the link itself opens anywhere.")],
      reports: [this.analyst, this.tokenMeter, this.tokens],
      environment: [this.places],
      purge: hub.may("admin") ? [purge] : [h("div", { class: "panel-state" }, ...permissionNote("Removing logs"))],
      about: [this.about, h("p", { class: "part-note" },
        "Every route, to try out: ", link("/api/docs", "/api/docs"), ". The same as OpenAPI 3.1: ", link("/api/openapi.json", "/api/openapi.json"),
        ". For Prometheus, with an admin key: ", h("code", {}, "/metrics"), ".")],
    };
  }

  private async ask(): Promise<Figures> {
    // What does not change while the hub runs is asked for until it is known.
    const [read, known, ancestors] = await Promise.all([figures(), this.version === "" ? version() : this.version, this.ancestors === undefined ? frameAncestors() : this.ancestors]);
    this.version = known;
    this.ancestors = ancestors;
    return read;
  }

  private got(read: Figures): void {
    this.newest = read;
    this.state.done();
    show(this.store, true);
    this.store.show(read);
    this.places.show({ figures: read, version: this.version, frameAncestors: this.ancestors ?? null });
    setText(this.frames, visible(this.ancestors ?? "every site"));
    this.showAnalyst();
    this.showAbout();
  }

  private showAnalyst(): void {
    const analyst = this.newest?.analyst ?? null;
    setText(this.analyst, sentence(analystName(this.newest) ?? "the hub does not say"));
    const used = analyst?.tokensToday ?? null;
    const limit = analyst?.dailyTokens ?? null;
    const isModel = analyst !== null && analyst.provider !== "statistics" && used !== null && limit !== null && limit > 0;
    show(this.tokenMeter, isModel);
    if (isModel) {
      this.tokenUsed.style.width = `${Math.min(100, (used / limit) * 100)}%`;
      this.tokenMeter.setAttribute("aria-valuemax", String(limit));
      this.tokenMeter.setAttribute("aria-valuenow", String(used));
    }
    setText(this.tokens, analyst === null ? "" : analyst.provider === "statistics"
      ? "No model is asked: nothing leaves the hub, and no tokens are used. AI_PROVIDER sets another."
      : used === null || limit === null ? "How many tokens were used is not told to a key that is bound to groups."
        : `${fullNumber(used)} of ${fullNumber(limit)} tokens today, UTC (${share(used, limit)}). Beyond that the hub writes reports itself.`);
  }

  private showAbout(): void {
    const { session } = hub;
    const facts: [string, string][] = [["Hub", this.version === "" ? "\u2013" : `Komfyrvakt ${this.version}`], ["Address", location.origin]];
    if (session !== null) {
      facts.push(["Signed in as", session.name], ["It may", session.scopes.join(", ")], ["Groups", session.group ?? "all"]);
      if (session.expires !== null) facts.push(["Session ends", session.expires]);
    }
    const text = JSON.stringify(facts);
    if (this.about.dataset.shown === text) return;
    this.about.dataset.shown = text;
    this.about.replaceChildren(...facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, h("bdi", {}, visible(value))))));
  }

  /** Marks the part that is read: the last one that begins above the reading line; at the very end, the last of all. */
  private mark(scroller: HTMLElement): void {
    const line = scroller.getBoundingClientRect().top + readingLine;
    const wanted = placeWord("part");
    const isEnd = scroller.scrollTop + scroller.clientHeight >= scroller.scrollHeight - 2;
    // A short part near the end cannot come to the top: who asked for it by name is there.
    if (isEnd && wanted !== null && this.sections.has(wanted)) return;
    let current = "store";
    for (const [id, section] of this.sections) if (section.getBoundingClientRect().top < line) current = id;
    this.setCurrent(current);
  }

  private setCurrent(part: string): void {
    for (const [id, link] of this.links) link.setAttribute("aria-current", String(id === part));
  }

  private go(part: string | null): void {
    const section = part === null ? undefined : this.sections.get(part);
    this.setCurrent(section === undefined || part === null ? "store" : part);
    if (section === undefined || part === null) return;
    section.scrollIntoView({ block: "start" });
    section.querySelector<HTMLElement>("h2")?.focus({ preventScroll: true });
  }
}

/** How far below the top of the page a part counts as the one that is read, in px. */
const readingLine = 160;

function sentence(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function link(address: string, words: string): HTMLElement {
  return h("a", { href: address, target: "_blank", rel: "noreferrer" }, words);
}

customElements.define("settings-page", SettingsPage);
