// The groups as a tree of which only what can be seen is on the page: ten thousand groups cost as much as fifty.
//
//   root ──visibleItems──► items: all rows there are, unfolded and matching ──drawWindow──► rows: those on the screen
//
// The row that has the keyboard stays on the page wherever it is, so that the focus is never lost.
import { errorsOf } from "../../api/types";
import { h, setText, show } from "../dom";
import { FoldMemory } from "./fold-memory";
import { GroupNode, countOf, treeOf } from "./group-node";
import { GroupRow, Item } from "./group-row";

export { GroupNode, treeOf } from "./group-node";

/** A tree with this many groups or fewer opens unfolded. */
const unfoldedAtMost = 60;
/** Rows beyond both edges, so that a quick scroll shows no gap. */
const marginRows = 12;
/** As group-tree.css has them: a finger needs more than a pointer. */
const rowPixels = 28;
const phoneRowPixels = 36;
/** Letters typed within this of each other look for one name. */
const typeAheadMs = 700;

/** Sends `pick` with the group's pattern, or null for all. */
export class GroupTree extends HTMLElement {
  private root = treeOf([]);
  private selected: string | null = null;
  private readonly folds = new FoldMemory();
  private readonly rows = new Map<string, GroupRow>();
  private items: Item[] = [];
  private focusPath = "";
  /** Where the row with the keyboard is among the items. */
  private focusIndex = 0;
  private foldedUsually = false;
  private wanted = "";
  private errorsOnly = false;
  private typed = "";
  private typedAt = 0;
  private frame: number | undefined;
  private readonly phone = matchMedia("(max-width: 719px)");
  private readonly resized = new ResizeObserver(() => this.drawWindow());

  private readonly space = h("div", { class: "tree-space", role: "none" });
  private readonly list = h("div", {
    role: "tree", "aria-label": "Groups", class: "tree",
    onclick: (event) => this.clicked(event), onkeydown: (event) => this.pressed(event as KeyboardEvent),
  }, this.space);
  private readonly note = h("p", { class: "tree-note", role: "status", hidden: true });

  connectedCallback(): void {
    if (this.childElementCount === 0) {
      this.append(this.list, this.note);
      this.list.addEventListener("scroll", () => this.scrolled(), { passive: true });
      this.list.addEventListener("focusin", (event) => this.focused(event));
    }
    this.phone.addEventListener("change", this.redraw);
    this.resized.observe(this.list);
    this.draw();
  }

  disconnectedCallback(): void {
    this.phone.removeEventListener("change", this.redraw);
    this.resized.disconnect();
    if (this.frame !== undefined) cancelAnimationFrame(this.frame);
    this.frame = undefined;
  }

  /** Shows these groups. */
  set tree(root: GroupNode) {
    if (root === this.root) return;
    if (this.root.children.length === 0) this.foldedUsually = countOf(root, unfoldedAtMost) > unfoldedAtMost;
    this.root = root;
    this.draw();
  }

  /** Marks the selected group's path; null stands for all. */
  set selection(path: string | null) {
    if (path === this.selected && this.items.length > 0) return;
    this.selected = path;
    if (path !== null) this.unfoldTo(path);
    this.focusPath = path ?? "";
    this.draw();
    this.reveal(this.items.findIndex((item) => item.node.path === this.focusPath));
  }

  /** Shows only groups with this in their name, or only those with errors. */
  filter(text: string, errorsOnly: boolean): void {
    this.wanted = text.trim().toLowerCase();
    this.errorsOnly = errorsOnly;
    this.list.scrollTop = 0;
    this.draw();
  }

  /** How many rows of groups there are now. */
  get size(): number {
    return this.items.length - 1;
  }

  foldAll(isFolded: boolean): void {
    this.folds.setAll(isFolded);
    this.draw();
  }

  /** Gives the keyboard to the first group that is shown. */
  enter(): void {
    this.focusOn(1);
  }

  private get isFiltered(): boolean {
    return this.wanted !== "" || this.errorsOnly;
  }

  private get rowHeight(): number {
    return this.phone.matches ? phoneRowPixels : rowPixels;
  }

  private isFolded(node: GroupNode): boolean {
    if (node.depth === 0 || this.isFiltered) return false;
    return this.folds.isFolded(node.path, this.foldedUsually);
  }

  private readonly redraw = (): void => this.draw();

  private draw(): void {
    this.items = this.visibleItems();
    this.focusIndex = Math.max(0, this.items.findIndex((item) => item.node.path === this.focusPath));
    this.focusPath = this.items[this.focusIndex]?.node.path ?? "";
    this.space.style.height = `${this.items.length * this.rowHeight}px`;
    this.drawWindow();
    show(this.note, this.items.length === 1);
    setText(this.note, this.wanted !== "" ? "No group matches." : this.errorsOnly ? "No group has errors in this time." : "A group appears here with its first log.");
  }

  /** What is unfolded, or matches the filter, in the order of the page. */
  private visibleItems(): Item[] {
    const items: Item[] = [{ node: this.root, place: 1, siblings: 1 }];
    const { wanted, errorsOnly } = this;
    const visit = (parent: GroupNode, isWithin: boolean): boolean => {
      const mine: Item[] = [];
      for (const node of parent.children) {
        if (errorsOnly && errorsOf(node.levels) === 0) continue;
        const length = items.length;
        const item = { node, place: mine.length + 1, siblings: 0 };
        items.push(item);
        // What lies below a match is shown too: its path has the text in it.
        const matches = isWithin || wanted === "" || node.folded.includes(wanted);
        const below = !this.isFolded(node) && visit(node, matches);
        if (matches || below) mine.push(item);
        else items.length = length;
      }
      for (const item of mine) item.siblings = mine.length;
      return mine.length > 0;
    };
    visit(this.root, false);
    const top = items.filter((item) => item.node.depth === 1);
    // "All groups" stands on the level of the first parts.
    for (const item of top) item.place += 1;
    for (const item of [...top, items[0]]) if (item !== undefined) item.siblings = top.length + 1;
    return items;
  }

  /** Puts the rows of the screen, and the one with the keyboard, on the page. Rows that stay are as they were when only scrolled. */
  private drawWindow(isScrolled = false): void {
    const height = this.rowHeight;
    const first = Math.max(0, Math.floor(this.list.scrollTop / height) - marginRows);
    const last = Math.min(this.items.length - 1, Math.ceil((this.list.scrollTop + this.list.clientHeight) / height) + marginRows);
    const wanted: number[] = [];
    for (let index = first; index <= last; index++) wanted.push(index);
    const focus = this.focusIndex;
    if (focus < first) wanted.unshift(focus);
    if (focus > last) wanted.push(focus);

    // What goes, goes first: then no row that stays has to be moved, and a row that is moved loses the keyboard.
    const kept = new Set(wanted.map((index) => this.items[index]?.node.path));
    for (const [path, row] of this.rows) {
      if (kept.has(path)) continue;
      row.element.remove();
      this.rows.delete(path);
    }
    let before: Element | null = null;
    for (const index of wanted) {
      const item = this.items[index];
      if (item === undefined) continue;
      const { node } = item;
      const known = this.rows.get(node.path);
      const row = known ?? new GroupRow(item);
      if (known === undefined) this.rows.set(node.path, row);
      if (known === undefined || !isScrolled) {
        row.update(item, {
          folded: this.isFolded(node), selected: (this.selected ?? "") === node.path, focused: index === focus, top: index * height,
        });
      }
      const place: Element | null = before === null ? this.space.firstElementChild : before.nextElementSibling;
      if (place !== row.element) this.space.insertBefore(row.element, place);
      before = row.element;
    }
  }

  private scrolled(): void {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.drawWindow(true);
    });
  }

  private reveal(index: number): void {
    const height = this.rowHeight;
    const top = index * height;
    if (index < 0 || this.list.clientHeight === 0) return;
    if (top < this.list.scrollTop) this.list.scrollTop = top;
    else if (top + height > this.list.scrollTop + this.list.clientHeight) this.list.scrollTop = top + height - this.list.clientHeight;
    this.drawWindow(true);
  }

  private unfoldTo(path: string): void {
    for (let colon = path.indexOf(":"); colon >= 0; colon = path.indexOf(":", colon + 1)) {
      const parent = path.slice(0, colon);
      if (this.folds.isFolded(parent, this.foldedUsually)) this.folds.set(parent, false);
    }
  }

  /** A row got the keyboard by a click or by tab. */
  private focused(event: Event): void {
    const path = (event.target as Element).getAttribute("data-path");
    if (path === null || path === this.focusPath) return;
    this.setFocus(this.items.findIndex((item) => item.node.path === path));
    this.drawWindow();
  }

  private clicked(event: Event): void {
    const target = event.target as Element;
    const path = target.closest("[data-path]")?.getAttribute("data-path");
    const node = this.items.find((item) => item.node.path === path)?.node;
    if (node === undefined) return;
    if (target.closest(".tree-fold:not(.empty)") !== null) this.toggle(node);
    else this.pick(node);
  }

  private setFocus(index: number): void {
    const node = this.items[index]?.node;
    if (node === undefined) return;
    this.focusIndex = index;
    this.focusPath = node.path;
  }

  private pick(node: GroupNode): void {
    this.setFocus(this.items.findIndex((item) => item.node === node));
    this.dispatchEvent(new CustomEvent("pick", { detail: node.depth === 0 ? null : `${node.path}:*` }));
  }

  private toggle(node: GroupNode): void {
    if (this.isFiltered) return;
    this.folds.set(node.path, !this.isFolded(node));
    this.draw();
  }

  /** The keys of the ARIA tree pattern. */
  private pressed(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const index = this.focusIndex;
    const node = this.items[index]?.node;
    if (node === undefined) return;
    const canFold = node.depth > 0 && node.children.length > 0;
    switch (event.key) {
      case "ArrowDown": this.focusOn(index + 1); break;
      case "ArrowUp": this.focusOn(index - 1); break;
      case "PageDown": this.focusOn(Math.min(index + this.pageRows, this.items.length - 1)); break;
      case "PageUp": this.focusOn(Math.max(index - this.pageRows, 0)); break;
      case "Home": this.focusOn(0); break;
      case "End": this.focusOn(this.items.length - 1); break;
      case "ArrowRight":
        if (canFold && this.isFolded(node)) this.toggle(node);
        else if (node.children.length > 0) this.focusOn(index + 1);
        break;
      case "ArrowLeft":
        if (canFold && !this.isFolded(node) && !this.isFiltered) this.toggle(node);
        else this.focusOn(this.items.findIndex((item) => item.node.path === node.path.slice(0, Math.max(node.path.lastIndexOf(":"), 0))));
        break;
      case "*": this.unfoldSiblings(node); break;
      case "Enter":
      case " ": this.pick(node); break;
      default:
        // `/` and `?` are the page's own, everywhere.
        if (event.key.length !== 1 || event.key === "/" || event.key === "?") return;
        this.typeAhead(event.key, index);
    }
    event.preventDefault();
    // A letter looks for a group here, and does nothing else.
    event.stopPropagation();
  }

  private get pageRows(): number {
    return Math.max(1, Math.floor(this.list.clientHeight / this.rowHeight) - 1);
  }

  private unfoldSiblings(node: GroupNode): void {
    const parent = node.path.slice(0, Math.max(node.path.lastIndexOf(":"), 0));
    for (const { node: other } of [...this.items]) {
      if (other.depth === node.depth && (parent === "" || other.path.startsWith(`${parent}:`)) && other.children.length > 0 && this.isFolded(other)) this.folds.set(other.path, false);
    }
    this.draw();
  }

  /** Goes to the next group whose name begins with what is typed; the same letter again goes on to the next. */
  private typeAhead(letter: string, index: number): void {
    const now = performance.now();
    const text = (now - this.typedAt < typeAheadMs ? this.typed : "") + letter.toLowerCase();
    this.typed = text;
    this.typedAt = now;
    const isRepeated = [...text].every((each) => each === text[0]);
    const wanted = isRepeated ? (text[0] ?? "") : text;
    const start = isRepeated || text.length === 1 ? index + 1 : index;
    for (let step = 0; step < this.items.length; step++) {
      const place = (start + step) % this.items.length;
      const node = this.items[place]?.node;
      if (node !== undefined && (node.depth === 0 ? "all groups" : node.name.toLowerCase()).startsWith(wanted)) {
        this.focusOn(place);
        return;
      }
    }
  }

  private focusOn(index: number): void {
    const node = this.items[index]?.node;
    if (node === undefined) return;
    this.setFocus(index);
    this.drawWindow();
    this.rows.get(node.path)?.element.focus({ preventScroll: true });
    this.reveal(index);
  }
}

customElements.define("group-tree", GroupTree);
