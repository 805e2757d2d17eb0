// A level's mark: a letter in a shape, so that it reads without colour too.
import { Level } from "../api/types";
import { h } from "./dom";

const letters: Record<Level, string> = { debug: "D", info: "I", warning: "W", error: "E", critical: "C" };

export function levelMark(level: Level): HTMLElement {
  const mark = h("span", { class: `mark mark-${level}`, role: "img", "aria-label": level, title: level });
  mark.textContent = letters[level];
  return mark;
}

/** Puts a mark into its place, unless it is there already. */
export function setLevelMark(place: Element, level: Level | null): void {
  if ((place.getAttribute("data-level") ?? "") === (level ?? "")) return;
  place.setAttribute("data-level", level ?? "");
  place.replaceChildren(...(level === null ? [] : [levelMark(level)]));
}
