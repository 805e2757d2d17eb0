// One row of the tree. Rows are kept and only changed texts are written, so that a refresh moves nothing under the
// reader's pointer.
import { errorsOf } from "../../api/types";
import { h, icon, setText, show } from "../dom";
import { age, fullNumber, shortNumber } from "../format";
import { setLevelMark } from "../level-mark";
import { visible } from "../visible-text";
import { GroupNode } from "./group-node";

/** A node as the page shows it. */
export interface Item {
  node: GroupNode;
  /** Its place among its siblings that are shown, from 1, and how many these are. */
  place: number;
  siblings: number;
}

export interface RowState {
  folded: boolean;
  selected: boolean;
  focused: boolean;
  top: number;
}

export class GroupRow {
  readonly element: HTMLElement;
  private readonly name: HTMLElement;
  private readonly fold = h("span", { class: "tree-fold", "aria-hidden": "true" }, icon("M6 4l4 4l-4 4"));
  private readonly mark = h("span");
  private readonly errorCount = h("span");
  private readonly errors = h("span", { class: "tree-errors", hidden: true }, this.mark, this.errorCount);
  private readonly count = h("span", { class: "tree-count" });
  private readonly newest = h("span", { class: "tree-newest" });

  constructor({ node }: Item) {
    const isAll = node.depth === 0;
    this.name = h("bdi", { class: "tree-name" }, isAll ? "All groups" : visible(node.name) || "\u00a0");
    this.element = h("div", { role: "treeitem", class: `tree-row depth-${Math.min(node.depth, 8)}`, "data-path": node.path, "aria-level": String(isAll ? 1 : node.depth) },
      this.fold, this.name, this.errors, this.count, this.newest);
  }

  update({ node, place, siblings }: Item, state: RowState): void {
    const { element } = this;
    const errors = errorsOf(node.levels);
    const isAll = node.depth === 0;
    show(this.errors, errors > 0);
    if (errors > 0) {
      setLevelMark(this.mark, node.levels.critical > 0 ? "critical" : "error");
      setText(this.errorCount, shortNumber(errors));
      setAttribute(this.errors, "title", `${fullNumber(errors)} ${errors === 1 ? "error" : "errors"}`);
    }
    setText(this.count, shortNumber(node.count));
    this.count.classList.toggle("zero", node.count === 0);
    setText(this.newest, node.newest === null ? "" : age(node.newest).replace(/ (\w)\w*$/, "$1"));
    const name = isAll ? "All groups" : visible(node.path);
    const words = `${name}: ${fullNumber(node.count)} logs${errors > 0 ? `, ${fullNumber(errors)} of them errors` : ""}${node.newest === null ? "" : `, the last ${age(node.newest)} ago`}`;
    setAttribute(element, "title", words);
    setAttribute(element, "aria-label", words);
    const hasChildren = !isAll && node.children.length > 0;
    this.fold.classList.toggle("empty", !hasChildren);
    setAttribute(element, "aria-expanded", hasChildren ? String(!state.folded) : null);
    setAttribute(element, "aria-selected", String(state.selected));
    setAttribute(element, "aria-posinset", String(place));
    setAttribute(element, "aria-setsize", String(siblings));
    setAttribute(element, "tabindex", state.focused ? "0" : "-1");
    const top = `${state.top}px`;
    if (element.style.top !== top) element.style.top = top;
  }
}

function setAttribute(element: Element, name: string, value: string | null): void {
  if (element.getAttribute(name) === value) return;
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, value);
}
