// The groups as a tree, with what each holds. A parent counts all below it. Rows are kept and only changed texts are
// written, so that a refresh moves nothing under the reader's pointer.
import { Group, LevelCounts, levels, noCounts } from "../api/types";
import { h, icon, setText, show } from "./dom";
import { age, fullNumber, shortNumber } from "./format";
import { setLevelMark } from "./level-mark";
import { visible } from "./visible-text";

/** Children of one parent shown at most; the filter finds the others. */
const childrenAtMost = 300;
/** A tree with this many groups or fewer opens unfolded. */
const unfoldedAtMost = 60;

/** A part of a group's name, with all that lies below it. */
export interface GroupNode {
  path: string;
  name: string;
  depth: number;
  count: number;
  levels: LevelCounts;
  newest: string | null;
  /** Null: the hub does not say it of every group. */
  rate: number | null;
  /** Logs of just this group. */
  own: number;
  children: GroupNode[];
}

/** Joins the groups into a tree; the returned node stands for all of them. */
export function treeOf(groups: Group[]): GroupNode {
  const root = node("", "", 0);
  const nodes = new Map<string, GroupNode>();
  for (const group of groups) {
    const line = [root];
    const parts = group.name.split(":");
    for (let depth = 1; depth <= parts.length; depth++) {
      const path = parts.slice(0, depth).join(":");
      let child = nodes.get(path);
      if (child === undefined) {
        child = node(path, parts[depth - 1] ?? "", depth);
        nodes.set(path, child);
        line[line.length - 1]?.children.push(child);
      }
      line.push(child);
    }
    for (const member of line) {
      member.count += group.count;
      member.rate = member.rate === null || group.rate === null ? null : member.rate + group.rate;
      for (const level of levels) member.levels[level] += group.levels[level];
      if (group.newest !== null && (member.newest === null || group.newest > member.newest)) member.newest = group.newest;
    }
    const last = line[line.length - 1];
    if (last !== undefined) last.own = group.count;
  }
  return root;
}

function node(path: string, name: string, depth: number): GroupNode {
  return { path, name, depth, count: 0, levels: noCounts(), newest: null, rate: 0, own: 0, children: [] };
}

/** A tree item and those of its parts that change. */
interface Row {
  element: HTMLElement;
  name: HTMLElement;
  fold: HTMLElement;
  errors: HTMLElement;
  count: HTMLElement;
  newest: HTMLElement;
}

/** Sends `pick` with the group's pattern, or null for all. */
export class GroupTree extends HTMLElement {
  private root = treeOf([]);
  private selected: string | null = null;
  private readonly folded = new Map<string, boolean>();
  private readonly rows = new Map<string, Row>();
  private focusPath = "";
  private shown: GroupNode[] = [];
  private unfoldByDefault = true;

  private readonly filter = h("input", {
    type: "search", class: "field", placeholder: "Filter groups", "aria-label": "Filter groups", autocomplete: "off", spellcheck: "false",
    oninput: () => this.draw(),
  });
  private readonly list = h("div", {
    role: "tree", "aria-label": "Groups", class: "tree",
    onclick: (event) => this.clicked(event), onkeydown: (event) => this.pressed(event as KeyboardEvent),
  });
  private readonly note = h("p", { class: "tree-note", hidden: true });

  connectedCallback(): void {
    if (this.childElementCount > 0) return;
    this.append(h("div", { class: "tree-filter" }, this.filter), this.list, this.note);
    this.draw();
  }

  /** Shows these groups. */
  set tree(root: GroupNode) {
    if (this.root.children.length === 0) this.unfoldByDefault = countOf(root, unfoldedAtMost) <= unfoldedAtMost;
    this.root = root;
    this.draw();
  }

  /** Marks the selected group's path; null stands for all. */
  set selection(path: string | null) {
    this.selected = path;
    if (path !== null) {
      const parts = path.split(":");
      for (let depth = 1; depth < parts.length; depth++) this.folded.set(parts.slice(0, depth).join(":"), false);
    }
    this.focusPath = path ?? "";
    this.draw();
  }

  private isFolded(item: GroupNode): boolean {
    if (item.depth === 0 || this.filter.value !== "") return false;
    return this.folded.get(item.path) ?? !this.unfoldByDefault;
  }

  private draw(): void {
    this.shown = this.visibleNodes();
    if (!this.shown.some((item) => item.path === this.focusPath)) this.focusPath = this.selected ?? "";
    const kept = new Set<string>();
    let before: HTMLElement | null = null;
    for (const item of this.shown) {
      kept.add(item.path);
      const row = this.rows.get(item.path) ?? this.makeRow(item);
      this.update(row, item);
      const place: Element | null = before === null ? this.list.firstElementChild : before.nextElementSibling;
      if (place !== row.element) this.list.insertBefore(row.element, place);
      before = row.element;
    }
    for (const [path, row] of this.rows) {
      if (kept.has(path)) continue;
      row.element.remove();
      this.rows.delete(path);
    }
    show(this.note, this.shown.length === 1);
    setText(this.note, this.filter.value === "" ? "A group appears here with its first log." : "No group matches.");
  }

  /** What is unfolded, or matches the filter, in the order of the page. */
  private visibleNodes(): GroupNode[] {
    const wanted = this.filter.value.trim().toLowerCase();
    const found: GroupNode[] = [this.root];
    const visit = (parent: GroupNode): boolean => {
      let any = false;
      let drawn = 0;
      for (const child of parent.children) {
        if (drawn >= childrenAtMost) break;
        const place = found.length;
        found.push(child);
        const matches = wanted === "" || child.path.toLowerCase().includes(wanted);
        const below = this.isFolded(child) ? false : visit(child);
        if (matches || below) {
          any = true;
          drawn += 1;
        } else {
          found.length = place;
        }
      }
      return any;
    };
    visit(this.root);
    return found;
  }

  private makeRow(item: GroupNode): Row {
    const isAll = item.depth === 0;
    const row: Row = {
      element: h("div", { role: "treeitem", class: "tree-row", "data-path": item.path, "aria-level": String(isAll ? 1 : item.depth) }),
      name: h("bdi", { class: "tree-name" }, isAll ? "All groups" : visible(item.name)),
      fold: h("span", { class: "tree-fold" }, icon("M6 4l4 4l-4 4")),
      errors: h("span", { class: "tree-errors", hidden: true }),
      count: h("span", { class: "tree-count" }),
      newest: h("span", { class: "tree-newest" }),
    };
    row.element.classList.add(`depth-${Math.min(item.depth, 8)}`);
    row.element.title = isAll ? "All groups" : visible(item.path);
    row.errors.append(h("span"), h("span"));
    row.element.append(row.fold, row.name, row.errors, row.count, row.newest);
    this.rows.set(item.path, row);
    return row;
  }

  private update(row: Row, item: GroupNode): void {
    const errors = item.levels.error + item.levels.critical;
    show(row.errors, errors > 0);
    if (errors > 0) {
      row.errors.title = `${fullNumber(errors)} errors`;
      const [mark, text] = [row.errors.firstElementChild, row.errors.lastElementChild];
      if (mark !== null) setLevelMark(mark, item.levels.critical > 0 ? "critical" : "error");
      if (text !== null) setText(text, shortNumber(errors));
    }
    setText(row.count, shortNumber(item.count));
    setText(row.newest, item.newest === null ? "" : age(item.newest));
    const hasChildren = item.depth > 0 && item.children.length > 0;
    row.fold.classList.toggle("empty", !hasChildren);
    setAttribute(row.element, "aria-expanded", hasChildren ? String(!this.isFolded(item)) : null);
    setAttribute(row.element, "aria-selected", String((this.selected ?? "") === item.path));
    setAttribute(row.element, "tabindex", item.path === this.focusPath ? "0" : "-1");
  }

  private clicked(event: Event): void {
    const target = event.target as Element;
    const path = target.closest("[data-path]")?.getAttribute("data-path");
    const item = this.shown.find((candidate) => candidate.path === path);
    if (item === undefined) return;
    if (target.closest(".tree-fold") !== null && item.children.length > 0 && item.depth > 0) this.toggle(item);
    else this.pick(item);
  }

  private pick(item: GroupNode): void {
    this.focusPath = item.path;
    this.dispatchEvent(new CustomEvent("pick", { detail: item.depth === 0 ? null : `${item.path}:*` }));
  }

  private toggle(item: GroupNode): void {
    this.folded.set(item.path, !this.isFolded(item));
    this.draw();
  }

  /** The keys of the ARIA tree pattern. */
  private pressed(event: KeyboardEvent): void {
    const index = this.shown.findIndex((item) => item.path === this.focusPath);
    const item = this.shown[index];
    if (item === undefined) return;
    const parentPath = item.path.includes(":") ? item.path.slice(0, item.path.lastIndexOf(":")) : "";
    switch (event.key) {
      case "ArrowDown": this.focusOn(this.shown[index + 1]); break;
      case "ArrowUp": this.focusOn(this.shown[index - 1]); break;
      case "Home": this.focusOn(this.shown[0]); break;
      case "End": this.focusOn(this.shown[this.shown.length - 1]); break;
      case "ArrowRight":
        if (item.depth > 0 && item.children.length > 0 && this.isFolded(item)) this.toggle(item);
        else if (item.children.length > 0) this.focusOn(this.shown[index + 1]);
        break;
      case "ArrowLeft":
        if (item.depth > 0 && item.children.length > 0 && !this.isFolded(item)) this.toggle(item);
        else this.focusOn(this.shown.find((candidate) => candidate.path === parentPath));
        break;
      case "Enter":
      case " ": this.pick(item); break;
      default: return;
    }
    event.preventDefault();
  }

  private focusOn(item: GroupNode | undefined): void {
    if (item === undefined) return;
    this.focusPath = item.path;
    this.draw();
    this.rows.get(item.path)?.element.focus();
  }
}

customElements.define("group-tree", GroupTree);

/** How many nodes lie below, counted no further than needed. */
function countOf(root: GroupNode, enough: number): number {
  let count = root.children.length;
  for (const child of root.children) {
    if (count > enough) break;
    count += countOf(child, enough - count);
  }
  return count;
}

function setAttribute(element: Element, name: string, value: string | null): void {
  if (element.getAttribute(name) === value) return;
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, value);
}
