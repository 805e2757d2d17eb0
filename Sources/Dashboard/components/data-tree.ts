// A log's `data` as a tree that folds. Built when it is opened, level by level, so that a huge object costs nothing
// until someone looks.
import { Json, JsonObject, RawNumber } from "../api/json";
import { h } from "./dom";
import { clip, visible } from "./visible-text";

/** Members shown at once; the rest by a button. */
const membersAtOnce = 100;
/** Characters of a text shown at once. */
const textAtOnce = 2_000;

export class DataTree extends HTMLElement {
  set data(value: JsonObject) {
    this.replaceChildren(membersOf(value));
  }
}

customElements.define("data-tree", DataTree);

export function dataTree(data: JsonObject): DataTree {
  const tree = new DataTree();
  tree.data = data;
  return tree;
}

function membersOf(value: Json[] | JsonObject): HTMLElement {
  const list = h("ul", { class: "members" });
  const members: [string, Json][] = Array.isArray(value)
    ? value.map((item, index) => [String(index), item])
    : Object.entries(value);
  let next = 0;
  const more = h("button", { type: "button", class: "link-button", onclick: () => add() });
  const moreItem = h("li", {}, more);
  const add = (): void => {
    moreItem.remove();
    for (const [name, member] of members.slice(next, next + membersAtOnce)) list.append(memberOf(name, member));
    next += membersAtOnce;
    if (next < members.length) {
      more.textContent = `${members.length - next} more`;
      list.append(moreItem);
    }
  };
  add();
  return list;
}

function memberOf(name: string, value: Json): HTMLElement {
  const label = h("bdi", { class: "member-name" }, visible(name));
  if (typeof value !== "object" || value === null || value instanceof RawNumber) {
    return h("li", {}, label, " ", scalar(value));
  }
  const size = Array.isArray(value) ? `[${value.length}]` : `{${Object.keys(value).length}}`;
  const fold = h("details", {}, h("summary", {}, label, " ", h("span", { class: "member-size" }, size)));
  fold.addEventListener("toggle", () => {
    if (fold.open && fold.childElementCount === 1) fold.append(membersOf(value));
  });
  return h("li", {}, fold);
}

function scalar(value: null | boolean | number | string | RawNumber): HTMLElement {
  if (typeof value !== "string") {
    const text = value instanceof RawNumber ? value.source : String(value);
    return h("span", { class: value === null ? "value-null" : "value-number" }, text);
  }
  return longText(value, textAtOnce, "value-text");
}

/** A text that shows its beginning first, when it is very long. */
export function longText(text: string, length: number, style: string): HTMLElement {
  const part = h("bdi", { class: style }, visible(clip(text, length)));
  if (text.length <= length) return part;
  const all = h("button", { type: "button", class: "link-button" }, `Show all ${text.length.toLocaleString("en-US")} characters`);
  all.addEventListener("click", () => {
    part.textContent = visible(text);
    all.remove();
  });
  return h("span", {}, part, " ", all);
}
