// A log's `data` as a tree that folds. Built when it is opened, level by level, so that a huge object costs nothing
// until someone looks. Every value is a button that searches for it or copies it.
import { Json, JsonObject, RawNumber } from "../../api/json";
import { h } from "../dom";
import { clip, visible } from "../visible-text";
import { dataTerm } from "./query-terms";
import { valueButton } from "./value-menu";

/** Members shown at once; the rest by a button. */
const membersAtOnce = 100;
/** Characters of a text shown at once. */
const textAtOnce = 2_000;
/** An object this small is open from the beginning. */
const smallObject = 6;

/** Where a member is: its path, and whether an array is on the way (numbers in arrays are not searched). */
interface Place {
  path: string[];
  inArray: boolean;
}

export class DataTree extends HTMLElement {
  set data(value: JsonObject) {
    this.replaceChildren(membersOf(value, { path: [], inArray: false }));
  }
}

customElements.define("data-tree", DataTree);

export function dataTree(data: JsonObject): DataTree {
  const tree = new DataTree();
  tree.data = data;
  return tree;
}

function membersOf(value: Json[] | JsonObject, place: Place): HTMLElement {
  const list = h("ul", { class: "members" });
  const isArray = Array.isArray(value);
  const members: [string, Json][] = isArray ? value.map((item, index) => [String(index), item]) : Object.entries(value);
  let next = 0;
  const more = h("button", { type: "button", class: "link-button", onclick: () => add() });
  const moreItem = h("li", {}, more);
  const add = (): void => {
    moreItem.remove();
    for (const [name, member] of members.slice(next, next + membersAtOnce)) {
      // An element is found by its array's name.
      list.append(memberOf(name, member, isArray ? { path: place.path, inArray: true } : { path: [...place.path, name], inArray: place.inArray }));
    }
    next += membersAtOnce;
    if (next < members.length) {
      more.textContent = `${members.length - next} more`;
      list.append(moreItem);
    }
  };
  add();
  return list;
}

function memberOf(name: string, value: Json, place: Place): HTMLElement {
  const label = h("bdi", { class: "member-name" }, visible(name));
  if (typeof value !== "object" || value === null || value instanceof RawNumber) {
    return h("li", {}, label, " ", scalar(name, value, place));
  }
  const count = Array.isArray(value) ? value.length : Object.keys(value).length;
  const size = Array.isArray(value) ? `[${count}]` : `{${count}}`;
  const fold = h("details", {}, h("summary", {}, label, " ", h("span", { class: "member-size" }, size)));
  const fill = (): void => {
    if (fold.open && fold.childElementCount === 1) fold.append(membersOf(value, place));
  };
  fold.addEventListener("toggle", fill);
  if (!Array.isArray(value) && count <= smallObject && place.path.length === 1) {
    fold.open = true;
    fill();
  }
  return h("li", {}, fold);
}

function scalar(name: string, value: null | boolean | number | string | RawNumber, place: Place): HTMLElement {
  if (typeof value === "string") {
    const term = dataTerm(place.path, value);
    const button = valueButton(h("bdi", { class: "value-text" }, visible(clip(value, textAtOnce))), visible(clip(name, 100)), value, term);
    return value.length <= textAtOnce ? button : h("span", {}, button, " ", restButton(value, button));
  }
  const text = value instanceof RawNumber ? value.source : String(value);
  const term = place.inArray && typeof value !== "boolean" && value !== null ? null : dataTerm(place.path, value);
  return valueButton(h("span", { class: value === null ? "value-null" : "value-number" }, text), visible(clip(name, 100)), text, term);
}

function restButton(text: string, place: HTMLElement): HTMLElement {
  const all = h("button", { type: "button", class: "link-button" }, `Show all ${text.length.toLocaleString("en-US")} characters`);
  all.addEventListener("click", () => {
    place.replaceChildren(h("bdi", { class: "value-text" }, visible(text)));
    all.remove();
  });
  return all;
}
