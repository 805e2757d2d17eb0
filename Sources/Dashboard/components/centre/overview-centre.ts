// The centre of the overview: how the chosen groups are in the chosen time. The verdict first, then figures and their
// course, then who explains them, then details.
import { hub } from "../../api/hub-state";
import { changeView, currentView, isEmbedded, onView, pathOf } from "../../pages/view";
import { h, show } from "../dom";
import { visible } from "../visible-text";
import "../settings/first-log";
import "./fields-card";
import "./group-table";
import "./health-card";
import "./metric-tiles";
import "./patterns-card";
import "./report-card";
import { subGroups } from "./group-path";
import "./volume-card";

class OverviewCentre extends HTMLElement {
  private readonly path = h("h2", { class: "path" });
  private readonly ownOnly = h("input", { type: "checkbox", id: "sub-groups" });
  private readonly ownOnlyLabel = h("label", { class: "check", hidden: true }, this.ownOnly, " With sub-groups");
  private readonly first = h("details", { class: "card first" }, h("summary", {}, h("h3", {}, "Send a log")));
  /** What has nothing to show before the first log. */
  private readonly details = h("div", { class: "centre-details" });
  private wasEmpty = false;
  private endings: (() => void)[] = [];

  connectedCallback(): void {
    if (this.childElementCount === 0) this.build();
    this.endings = [onView(() => this.follow()), hub.subscribe({ refreshed: () => this.update() })];
    this.follow();
  }

  disconnectedCallback(): void {
    for (const end of this.endings) end();
  }

  private build(): void {
    const make = (name: string): HTMLElement => document.createElement(name);
    this.details.append(make("metric-tiles"), make("volume-card"), h("div", { class: "centre-pair" }, make("report-card"), make("group-table-card")), make("fields-card"), make("patterns-card"));
    if (!isEmbedded) this.first.append(make("first-log"));
    this.append(h("div", { class: "panel-head" }, this.path, this.ownOnlyLabel),
      h("div", { class: "summary-scroller" }, h("div", { class: "centre" }, make("health-card"), this.details, isEmbedded ? null : this.first)));
    this.ownOnly.addEventListener("change", () => {
      const { group } = currentView();
      if (group === null) return;
      const { path } = pathOf(group);
      changeView({ group: this.ownOnly.checked ? `${path}:*` : path });
    });
  }

  private follow(): void {
    this.showPath();
    this.update();
  }

  private update(): void {
    const { snapshot } = hub;
    if (snapshot === null) return;
    const { group } = currentView();
    const path = group === null ? null : pathOf(group);
    const below = path !== null && subGroups(snapshot.groups, `${path.path}:*`).length > 0;
    show(this.ownOnlyLabel, path !== null && below && snapshot.groups.some((candidate) => candidate.name === path.path));
    this.ownOnly.checked = path?.tree === true;
    const empty = snapshot.stats.totalLogs === 0;
    show(this.details, !empty);
    // It opens by itself and never closes by itself: the log that arrives, or a key just made, is being read.
    if (empty && !this.wasEmpty) this.first.open = true;
    this.wasEmpty = empty;
  }

  private showPath(): void {
    const { group } = currentView();
    if (group === null) {
      this.path.replaceChildren("All groups");
      return;
    }
    const { path } = pathOf(group);
    const parts = path.split(":");
    this.path.replaceChildren();
    parts.forEach((part, index) => {
      const name = h("bdi", {}, visible(part));
      if (index > 0) this.path.append(h("span", { class: "path-joint", "aria-hidden": "true" }, "\u203a"));
      if (index === parts.length - 1) this.path.append(name);
      else this.path.append(h("button", { type: "button", class: "path-part", onclick: () => changeView({ group: `${parts.slice(0, index + 1).join(":")}:*` }) }, name));
    });
  }
}

customElements.define("overview-centre", OverviewCentre);
