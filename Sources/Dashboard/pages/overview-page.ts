// The three panels: groups, how they are, and the newest logs. Holds what is selected and hands it to each.
import { HubError, Unreachable, logs, signOut, version } from "../api/client";
import { HubWatcher, Snapshot } from "../api/hub-watcher";
import { LogStream, StreamState } from "../api/log-stream";
import { Level, Log, levels } from "../api/types";
import { h, icon, setText, show } from "../components/dom";
import { GroupNode, GroupTree, treeOf } from "../components/group-tree";
import { GroupSummary } from "../components/group-summary";
import { LogList } from "../components/log-list";
import "../components/theme-switch";
import { visible } from "../components/visible-text";
import { Panel, Selection, pathOf, readSelection, writeSelection } from "./selection";

const pageSize = 100;
const panels: [Panel, string, string][] = [
  ["groups", "Groups", "M2 3h5M4.5 3v10M4.5 8h3M4.5 13h3M9 8h5M9 13h5"],
  ["summary", "Overview", "M2 14V9h3v5zM6.5 14V5h3v9zM11 14V2h3v12z"],
  ["logs", "Logs", "M2 3h12M2 6.5h12M2 10h12M2 13.5h8"],
];

/** Sends `signed-out`, which bubbles. */
class OverviewPage extends HTMLElement {
  private selection = readSelection();
  private watcher: HubWatcher | null = null;
  private stream: LogStream | null = null;
  private snapshot: Snapshot | null = null;
  private root: GroupNode = treeOf([]);
  private next: string | null = null;
  /** Which selection an answer belongs to: a late one for another is dropped. */
  private generation = 0;
  private streamState: StreamState = "connecting";
  private trouble = "";

  private readonly tree = new GroupTree();
  private readonly summary = new GroupSummary();
  private readonly list = new LogList();
  private readonly banner = h("p", { class: "banner", role: "alert", hidden: true });
  private readonly path = h("h2", { class: "path" });
  private readonly ownOnly = h("input", { type: "checkbox", id: "sub-groups" });
  private readonly ownOnlyLabel = h("label", { class: "check", hidden: true }, this.ownOnly, " With sub-groups");
  private readonly liveText = h("span");
  private readonly live = h("span", { class: "live", role: "status" }, h("span", { class: "live-dot", "aria-hidden": "true" }), this.liveText);
  private readonly pause = h("button", { type: "button", class: "quiet-button" });
  private readonly level = h("select", { class: "field", id: "level", "aria-label": "Lowest level" },
    ...levels.map((level) => h("option", { value: level === "debug" ? "" : level }, level === "debug" ? "All levels" : level === "critical" ? "critical" : `${level} and above`)));
  private readonly partial = h("p", { class: "list-note warning-note", role: "status", hidden: true }, "Redis does not answer: only what the hub\u2019s memory holds is shown.");
  private readonly tabs = new Map<Panel, HTMLButtonElement>();
  private readonly version = h("span", { class: "version" });

  connectedCallback(): void {
    if (this.childElementCount === 0) this.build();
    window.addEventListener("popstate", this.moved);
    this.watcher = new HubWatcher({
      refreshed: (snapshot) => this.refresh(snapshot),
      signedOut: () => this.leave(),
      troubled: (trouble) => this.say(trouble),
    });
    void version().then((text) => setText(this.version, text), () => undefined);
    this.apply();
  }

  disconnectedCallback(): void {
    window.removeEventListener("popstate", this.moved);
    this.watcher?.close();
    this.stream?.close();
    this.generation += 1;
  }

  private build(): void {
    const nav = h("nav", { class: "panel-tabs", "aria-label": "Panels" });
    for (const [panel, name, path] of panels) {
      const tab = h("button", { type: "button", class: `panel-tab tab-${panel}`, onclick: () => this.choose({ panel }) }, icon(path), name);
      this.tabs.set(panel, tab);
      nav.append(tab);
    }
    const out = h("button", { type: "button", class: "quiet-button", title: "Sign out", "aria-label": "Sign out", onclick: () => void this.end() }, icon("M6 2H3v12h3M10.5 5l3 3l-3 3M13 8H6.5"));
    this.append(
      h("a", { class: "skip-link", href: "#logs-panel", onclick: (event) => { event.preventDefault(); this.querySelector<HTMLElement>(".log-scroller")?.focus(); } }, "Skip to the logs"),
      h("header", { class: "top" },
        h("h1", { class: "brand" }, h("img", { src: "/favicon.svg", alt: "", width: "20", height: "20" }), "Komfyrvakt"), this.version,
        h("span", { class: "spacer" }), document.createElement("theme-switch"), out),
      this.banner,
      h("main", { class: "panels" },
        h("section", { class: "panel panel-groups", "aria-label": "Groups" }, this.tree),
        h("section", { class: "panel panel-summary", "aria-label": "Overview" }, h("div", { class: "panel-head" }, this.path, this.ownOnlyLabel), h("div", { class: "summary-scroller" }, this.summary)),
        h("section", { class: "panel panel-logs", "aria-label": "Logs", id: "logs-panel" },
          h("div", { class: "panel-head" }, h("h2", {}, "Newest logs"), this.live, h("span", { class: "spacer" }), this.level, this.pause), this.partial, this.list)),
      nav);
    this.tree.addEventListener("pick", (event) => this.pickGroup((event as CustomEvent<string | null>).detail));
    this.summary.addEventListener("pick", (event) => this.pickGroup((event as CustomEvent<string>).detail));
    this.summary.addEventListener("level", (event) => this.choose({ level: lowest((event as CustomEvent<Level>).detail), panel: "logs" }));
    this.level.addEventListener("change", () => this.choose({ level: this.level.value === "" ? null : this.level.value }));
    this.ownOnly.addEventListener("change", () => {
      if (this.selection.group === null) return;
      const { path } = pathOf(this.selection.group);
      this.choose({ group: this.ownOnly.checked ? `${path}:*` : path });
    });
    this.pause.addEventListener("click", () => this.list.hold(!this.list.isHeld));
    this.list.addEventListener("held", () => this.showLive());
    this.list.addEventListener("older", () => void this.fetchOlder());
    this.list.addEventListener("reload", () => void this.fetchNewest(true));
  }

  private readonly moved = (): void => {
    this.selection = readSelection();
    this.apply();
  };

  /** A phone that shows the tree goes on to what was picked. */
  private pickGroup(group: string | null): void {
    this.choose({ group, panel: this.selection.panel === "groups" ? "summary" : this.selection.panel });
  }

  private choose(change: Partial<Selection>): void {
    const before = this.selection;
    this.selection = { ...before, ...change };
    writeSelection(this.selection);
    if (before.group === this.selection.group && before.level === this.selection.level) this.showPanel();
    else this.apply();
  }

  /** Makes all panels follow the selection. */
  private apply(): void {
    this.generation += 1;
    this.showPanel();
    this.level.value = this.selection.level ?? "";
    this.level.classList.toggle("active", this.selection.level !== null);
    this.tree.selection = this.selection.group === null ? null : pathOf(this.selection.group).path;
    this.showPath();
    this.update();
    this.list.showLoading();
    if (this.list.isHeld) this.list.hold(false);
    this.stream?.close();
    const generation = this.generation;
    this.stream = new LogStream(this.selection, {
      opened: () => void this.fetchNewest(false),
      arrived: (arrived: Log[]) => {
        if (generation !== this.generation) return;
        this.list.arrive(arrived);
        this.watcher?.nudge();
      },
      skipped: (count) => this.list.skipped(count),
      changed: (state) => {
        this.streamState = state;
        this.showLive();
      },
    });
    // Not only when the stream stands: a hub that has no room for another stream still lists.
    void this.fetchNewest(false);
  }

  private async fetchNewest(anew: boolean): Promise<void> {
    const generation = this.generation;
    if (anew) this.list.showLoading();
    try {
      const page = await logs(this.selection, pageSize);
      if (generation !== this.generation) return;
      this.next = page.next;
      show(this.partial, page.partial);
      this.list.showPage(page.logs, page.next !== null, this.emptyState());
    } catch (error) {
      if (generation === this.generation) this.listProblem(error);
    }
  }

  private async fetchOlder(): Promise<void> {
    const generation = this.generation;
    try {
      const page = await logs(this.selection, pageSize, this.next);
      if (generation !== this.generation) return;
      this.next = page.next;
      this.list.addOlder(page.logs, page.next !== null);
    } catch (error) {
      if (generation === this.generation) this.listProblem(error);
    }
  }

  /** An error of a listing: what is on the page stays, when the hub is only away. */
  private listProblem(error: unknown): void {
    if (error instanceof HubError && error.status === 401) return this.leave();
    if (error instanceof Unreachable || (error instanceof HubError && error.status === 503)) return this.say(error);
    if (!(error instanceof HubError)) throw error;
    const title = error.status === 403 ? "This session may not read these logs" : "The hub could not list the logs";
    this.list.showProblem(h("div", { class: "empty-state" }, h("p", { class: "empty-title" }, title), h("p", {}, error.message)));
  }

  private emptyState(): HTMLElement {
    const filtered = this.selection.group !== null || this.selection.level !== null;
    const clear = h("button", { type: "button", class: "link-button", onclick: () => this.choose({ group: null, level: null }) }, "Show all logs");
    return h("div", { class: "empty-state" },
      h("p", { class: "empty-title" }, filtered ? "No log matches this selection" : "Waiting for the first log"),
      h("p", {}, filtered ? "What arrives for it appears here by itself." : "It appears here within a second of being sent."),
      filtered ? clear : null);
  }

  private refresh(snapshot: Snapshot): void {
    this.snapshot = snapshot;
    this.root = treeOf(snapshot.groups);
    this.tree.tree = this.root;
    this.update();
  }

  /** The centre, from the newest snapshot. */
  private update(): void {
    if (this.snapshot === null) return;
    const { group } = this.selection;
    if (group === null) {
      show(this.ownOnlyLabel, false);
      this.summary.update(this.snapshot, this.root, true, false);
      return;
    }
    const { path, tree } = pathOf(group);
    const found = find(this.root, path);
    const exact = this.snapshot.groups.filter((candidate) => candidate.name === path);
    show(this.ownOnlyLabel, found !== null && found.children.length > 0 && found.own > 0);
    this.ownOnly.checked = tree;
    this.summary.update(this.snapshot, (tree ? found : find(treeOf(exact), path)) ?? treeOf([]), false, !tree);
  }

  private showPath(): void {
    const { group } = this.selection;
    if (group === null) {
      this.path.replaceChildren("All groups");
      document.title = "Komfyrvakt";
      return;
    }
    const { path } = pathOf(group);
    const parts = path.split(":");
    this.path.replaceChildren();
    parts.forEach((part, index) => {
      const name = h("bdi", {}, visible(part));
      if (index > 0) this.path.append(h("span", { class: "path-joint", "aria-hidden": "true" }, "\u203a"));
      if (index === parts.length - 1) this.path.append(name);
      else this.path.append(h("button", { type: "button", class: "path-part", onclick: () => this.pickGroup(`${parts.slice(0, index + 1).join(":")}:*`) }, name));
    });
    document.title = `${visible(path)} \u00b7 Komfyrvakt`;
  }

  private showPanel(): void {
    this.dataset.panel = this.selection.panel;
    for (const [panel, tab] of this.tabs) tab.setAttribute("aria-current", String(panel === this.selection.panel));
  }

  private showLive(): void {
    const held = this.list.isHeld;
    const text = this.streamState === "waiting" ? "Reconnecting" : this.streamState === "connecting" ? "Connecting" : held ? "Paused" : "Live";
    setText(this.liveText, text);
    this.live.dataset.state = text.toLowerCase();
    const name = held ? "Go on live" : "Pause";
    if (this.pause.title !== name) {
      this.pause.title = name;
      this.pause.setAttribute("aria-label", name);
      this.pause.replaceChildren(icon(held ? "M5 3l8 5l-8 5z" : "M5.5 3v10M10.5 3v10"));
    }
  }

  /** The banner: the hub is away, or says no. */
  private say(trouble: Unreachable | HubError | null): void {
    const text = trouble === null ? "" : trouble instanceof Unreachable
      ? "The hub does not answer. What is shown is from before; trying again."
      : `The hub says: ${trouble.message}`;
    if (this.trouble !== "" && text === "") {
      this.stream?.hurry();
      if (this.streamState === "live") void this.fetchNewest(false);
    }
    this.trouble = text;
    setText(this.banner, text);
    show(this.banner, text !== "");
    this.classList.toggle("stale", text !== "");
  }

  private leave(): void {
    this.dispatchEvent(new CustomEvent("signed-out", { bubbles: true }));
  }

  private async end(): Promise<void> {
    try {
      await signOut();
      this.leave();
    } catch (error) {
      if (error instanceof HubError && error.status === 401) this.leave();
      else if (error instanceof HubError || error instanceof Unreachable) this.say(error);
      else throw error;
    }
  }
}

/** `debug` and above is everything. */
function lowest(level: Level): Level | null {
  return level === "debug" ? null : level;
}

function find(root: GroupNode, path: string): GroupNode | null {
  let found: GroupNode | undefined = root;
  const parts = path.split(":");
  for (let depth = 1; depth <= parts.length && found !== undefined; depth++) {
    const wanted = parts.slice(0, depth).join(":");
    found = found.children.find((child) => child.path === wanted);
  }
  return found ?? null;
}

customElements.define("overview-page", OverviewPage);
