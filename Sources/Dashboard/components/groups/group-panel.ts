// The left panel: the tree of groups, which chooses what all panels show.
import { Times } from "../../api/client";
import { hub } from "../../api/hub-state";
import { changeView, currentView, onView, pathOf } from "../../pages/view";
import { h, icon, setText, show } from "../dom";
import { fullNumber } from "../format";
import { rangeWords } from "../range-words";
import { GroupTree, treeOf } from "./group-tree";

/** Lines of the placeholder while nothing is known yet. */
const placeholderRows = 10;

class GroupPanel extends HTMLElement {
  private readonly tree = new GroupTree();
  private readonly filter = h("input", {
    type: "search", class: "field", id: "group-filter", placeholder: "Filter groups", "aria-label": "Filter groups", autocomplete: "off", spellcheck: "false",
    oninput: () => this.look(), onkeydown: (event) => this.pressed(event as KeyboardEvent),
  });
  private readonly errorsOnly = h("button", { type: "button", class: "quiet-button", "aria-pressed": "false", "aria-label": "Only groups with errors", title: "Only groups with errors", onclick: () => this.toggleErrors() },
    icon("M8 2l6.5 11.5h-13zM8 6.5v3.5M8 12v.1"));
  private readonly unfold = h("button", { type: "button", class: "quiet-button", "aria-label": "Unfold all", title: "Unfold all", onclick: () => this.tree.foldAll(false) }, icon("M4 6l4-4l4 4M4 10l4 4l4-4"));
  private readonly fold = h("button", { type: "button", class: "quiet-button", "aria-label": "Fold all", title: "Fold all", onclick: () => this.tree.foldAll(true) }, icon("M4 2l4 4l4-4M4 14l4-4l4 4"));
  private readonly range = h("span", { class: "tree-range" });
  private readonly waiting = h("div", { class: "tree-waiting", "aria-hidden": "true" }, ...Array.from({ length: placeholderRows }, () => h("span", { class: "tree-placeholder" })));
  private endings: (() => void)[] = [];

  connectedCallback(): void {
    if (this.childElementCount === 0) {
      this.append(
        h("div", { class: "panel-head tree-head" }, h("h2", {}, "Groups"), h("span", { class: "spacer" }), this.errorsOnly, this.unfold, this.fold),
        h("div", { class: "tree-filter" }, this.filter),
        h("p", { class: "tree-caption" }, this.range, h("span", { class: "spacer" }), h("span", { "aria-hidden": "true" }, "logs, last")),
        this.waiting, this.tree);
      this.tree.addEventListener("pick", (event) => {
        const view = currentView();
        // A phone that shows the tree goes on to what was picked.
        changeView({ group: (event as CustomEvent<string | null>).detail, panel: view.panel === "groups" ? "summary" : view.panel });
      });
    }
    show(this.tree, hub.snapshot !== null);
    show(this.waiting, hub.snapshot === null);
    this.endings = [
      onView(() => this.follow()),
      hub.subscribe({
        refreshed: (snapshot) => {
          show(this.tree, true);
          show(this.waiting, false);
          this.tree.tree = treeOf(snapshot.groups);
          this.caption(snapshot.groups.length, snapshot.times);
        },
      }),
    ];
    this.follow();
  }

  disconnectedCallback(): void {
    for (const end of this.endings) end();
  }

  private follow(): void {
    const { group } = currentView();
    this.tree.selection = group === null ? null : pathOf(group).path;
  }

  /** Which range the counts are of: the view's, once the hub has counted it. */
  private caption(count: number, times: Times | null): void {
    const { zone } = currentView();
    const range = times === null ? "All that is kept" : rangeWords({ ...times, zone });
    setText(this.range, range);
    this.range.title = `${fullNumber(count)} ${count === 1 ? "group" : "groups"}. Counts of: ${range}`;
  }

  private look(): void {
    this.tree.filter(this.filter.value, this.errorsOnly.getAttribute("aria-pressed") === "true");
  }

  private toggleErrors(): void {
    this.errorsOnly.setAttribute("aria-pressed", String(this.errorsOnly.getAttribute("aria-pressed") !== "true"));
    this.look();
  }

  /** From the filter into the tree, and out of both. */
  private pressed(event: KeyboardEvent): void {
    if (event.key === "ArrowDown" || event.key === "Enter") this.tree.enter();
    else if (event.key === "Escape" && this.filter.value !== "") {
      this.filter.value = "";
      this.look();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

customElements.define("group-panel", GroupPanel);
