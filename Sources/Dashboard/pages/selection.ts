// What is selected, as the address bar has it: a link shows another person the same, and back works.
import { Query } from "../api/client";
import { isLevel } from "../api/types";

/** The three panels; a narrow page shows one at a time. */
export type Panel = "groups" | "summary" | "logs";

export interface Selection extends Query {
  panel: Panel;
}

export function readSelection(): Selection {
  const parameters = new URLSearchParams(location.search);
  const level = parameters.get("level");
  const panel = parameters.get("panel");
  return {
    group: parameters.get("group") || null,
    level: level !== null && isLevel(level) && level !== "debug" ? level : null,
    panel: panel === "groups" || panel === "logs" ? panel : "summary",
  };
}

/** Puts a selection into the address: as a step of its own, so that back leads to the one before. */
export function writeSelection(selection: Selection): void {
  const parameters = new URLSearchParams();
  if (selection.group !== null) parameters.set("group", selection.group);
  if (selection.level !== null) parameters.set("level", selection.level);
  if (selection.panel !== "summary") parameters.set("panel", selection.panel);
  // Colons and the star are legal in a query, and read better as they are.
  const text = parameters.toString().replace(/%3A/g, ":").replace(/%2A/g, "*");
  const address = text === "" ? location.pathname : `${location.pathname}?${text}`;
  if (address !== location.pathname + location.search) history.pushState(null, "", address);
}

/** The path that a pattern names, and whether its sub-groups are meant too. */
export function pathOf(pattern: string): { path: string; tree: boolean } {
  return pattern.endsWith(":*") && pattern.length > 2 ? { path: pattern.slice(0, -2), tree: true } : { path: pattern, tree: false };
}
