// The three panels: groups, how they are, and the newest logs. Both side panels resize, fold, and stay as they were left.
import { h, icon, show } from "../components/dom";
import "../components/centre/overview-centre";
import { PanelSeparator } from "../components/frame/panel-separator";
import "../components/groups/group-panel";
import "../components/logs/log-panel";
import { SidePanel, groupsExtent, logsExtent, logsShare, recallLayout, rememberLayout } from "./panel-layout";
import { Panel, View, changeView, currentView, onView } from "./view";

const panels: [Panel, string, string][] = [
  ["groups", "Groups", "M2 3h5M4.5 3v10M4.5 8h3M4.5 13h3M9 8h5M9 13h5"],
  ["summary", "Overview", "M2 14V9h3v5zM6.5 14V5h3v9zM11 14V2h3v12z"],
  ["logs", "Logs", "M2 3h12M2 6.5h12M2 10h12M2 13.5h8"],
];
const toLeft = "M10 3L5 8l5 5";
const toRight = "M6 3l5 5l-5 5";

class OverviewPage extends HTMLElement {
  private readonly tabs = new Map<Panel, HTMLButtonElement>();
  private readonly layout = recallLayout();
  private readonly wide = matchMedia("(min-width: 1180px)");
  private readonly narrow = matchMedia("(max-width: 719px)");
  private readonly groupsEdge = new PanelSeparator("left", "the groups", icon(toLeft));
  private readonly logsEdge = new PanelSeparator("right", "the logs", icon(toRight));
  private readonly rails = { groups: rail("groups", "Groups", () => this.fold("groups", false)), logs: rail("logs", "Logs", () => this.fold("logs", false)) };
  private readonly sections = {
    groups: h("section", { class: "panel panel-groups", "aria-label": "Groups", id: "groups-panel" }, document.createElement("group-panel")),
    logs: h("section", { class: "panel panel-logs", "aria-label": "Logs", id: "logs-panel" }, document.createElement("log-panel")),
  };
  private readonly grid = h("div", { class: "panels" });
  private readonly resized = new ResizeObserver(() => this.place());
  private end: () => void = () => undefined;

  connectedCallback(): void {
    if (this.childElementCount === 0) this.build();
    this.end = onView((view) => this.follow(view));
    this.resized.observe(this.grid);
    document.addEventListener("fold-panel", this.foldAsked);
    document.addEventListener("show-panel", this.showAsked);
    this.follow(currentView());
  }

  disconnectedCallback(): void {
    this.end();
    this.resized.disconnect();
    document.removeEventListener("fold-panel", this.foldAsked);
    document.removeEventListener("show-panel", this.showAsked);
  }

  private build(): void {
    const nav = h("nav", { class: "panel-tabs", "aria-label": "Panels" });
    for (const [panel, name, path] of panels) {
      const tab = h("button", { type: "button", class: `panel-tab tab-${panel}`, onclick: () => changeView({ panel }) }, icon(path), name);
      this.tabs.set(panel, tab);
      nav.append(tab);
    }
    this.grid.append(
      this.rails.groups, this.sections.groups, this.groupsEdge,
      h("section", { class: "panel panel-summary", "aria-label": "Overview" }, document.createElement("overview-centre")),
      this.logsEdge, this.sections.logs, this.rails.logs);
    this.append(this.grid, nav);
    this.groupsEdge.addEventListener("move", (event) => { this.layout.groups = (event as CustomEvent<number>).detail; this.place(); });
    this.logsEdge.addEventListener("move", (event) => { this.layout.logs = logsShare(this.layout, this.grid.clientWidth, (event as CustomEvent<number>).detail); this.place(); });
    for (const [edge, side] of [[this.groupsEdge, "groups"], [this.logsEdge, "logs"]] as const) {
      edge.addEventListener("settle", () => rememberLayout(this.layout));
      edge.addEventListener("reset", () => { this.layout[side] = null; this.place(); rememberLayout(this.layout); });
      edge.addEventListener("fold", () => this.fold(side, true));
    }
  }

  private follow(view: View): void {
    this.dataset.panel = view.panel;
    for (const [panel, tab] of this.tabs) tab.setAttribute("aria-current", String(panel === view.panel));
    this.place();
  }

  /** Gives each panel its width; a narrow page shows one at a time, and a middle one the logs in the summary's place. */
  private place(): void {
    const width = this.grid.clientWidth;
    const { folded } = this.layout;
    const hasLogs = this.wide.matches;
    const hasGroups = !this.narrow.matches;
    const groupsFolded = hasGroups && folded.groups;
    const logsFolded = hasLogs && folded.logs;
    show(this.rails.groups, groupsFolded);
    show(this.rails.logs, logsFolded);
    this.sections.groups.classList.toggle("folded", groupsFolded);
    this.sections.logs.classList.toggle("folded", logsFolded);
    show(this.groupsEdge, hasGroups && !groupsFolded);
    show(this.logsEdge, hasLogs && !logsFolded);
    const groups = groupsExtent(this.layout, width, hasLogs);
    const logs = logsExtent(this.layout, width);
    this.groupsEdge.show(groups);
    this.logsEdge.show(logs);
    this.grid.style.gridTemplateColumns = !hasGroups ? "minmax(0, 1fr)" : hasLogs ? `${groups.size}px minmax(0, 1fr) ${logs.size}px` : `${groups.size}px minmax(0, 1fr)`;
    this.groupsEdge.style.left = `${groups.size}px`;
    this.logsEdge.style.right = `${logs.size}px`;
  }

  private fold(side: SidePanel, isFolded: boolean): void {
    this.layout.folded[side] = isFolded;
    rememberLayout(this.layout);
    this.place();
    // The keyboard goes where the panel can be had back, or into what was brought back.
    if (isFolded) this.rails[side].focus();
    else (side === "groups" ? this.groupsEdge : this.logsEdge).querySelector<HTMLElement>(".fold-button")?.focus();
  }

  private readonly foldAsked = (event: Event): void => {
    const side = (event as CustomEvent<SidePanel>).detail;
    this.fold(side, !this.layout.folded[side]);
  };

  private readonly showAsked = (event: Event): void => {
    const side = (event as CustomEvent<SidePanel>).detail;
    if (this.layout.folded[side]) this.fold(side, false);
    if (this.narrow.matches && currentView().panel !== side) changeView({ panel: side });
  };
}

function rail(side: SidePanel, name: string, unfold: () => void): HTMLButtonElement {
  return h("button", { type: "button", class: `rail rail-${side}`, hidden: true, title: `Show ${name.toLowerCase()} (${side === "groups" ? "[" : "]"})`, "aria-label": `Show ${name.toLowerCase()}`, onclick: unfold },
    icon(side === "groups" ? toRight : toLeft), h("span", { class: "rail-name" }, name));
}

customElements.define("overview-page", OverviewPage);
