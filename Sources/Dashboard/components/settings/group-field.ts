// An input for a group's name, completed from the groups that there are.
import { hub } from "../../api/hub-state";
import { h } from "../dom";

/** As many as a list that opens below an input can show. */
const suggestionsAtMost = 40;
/** 255 bytes and `:*`. */
const charactersAtMost = 257;

let number = 0;

/** Makes the input, and the list beside it. `trees`: with `a:*` for whatever has groups below it. */
export function groupField(placeholder: string, trees: boolean): { input: HTMLInputElement; list: HTMLDataListElement } {
  const id = `groups-${++number}`;
  const list = h("datalist", { id });
  const input = h("input", {
    type: "text", class: "field code-field", list: id, placeholder, autocomplete: "off", spellcheck: "false", autocapitalize: "none", maxlength: String(charactersAtMost),
  });
  const fill = (): void => list.replaceChildren(...suggestions(input.value, trees).map((value) => h("option", { value })));
  input.addEventListener("input", fill);
  input.addEventListener("focus", fill);
  return { input, list };
}

/** Groups, and the paths above them, that hold what was typed; those that begin with it come first. */
function suggestions(typed: string, trees: boolean): string[] {
  const wanted = typed.replace(/:?\*$/, "").toLowerCase();
  const known = new Set<string>();
  for (const group of hub.snapshot?.groups ?? []) {
    if (group.name.toLowerCase().includes(wanted)) known.add(group.name);
    if (!trees) continue;
    for (let colon = group.name.indexOf(":"); colon > 0; colon = group.name.indexOf(":", colon + 1)) {
      const above = group.name.slice(0, colon);
      if (above.toLowerCase().includes(wanted)) known.add(`${above}:*`);
    }
  }
  const begins = (name: string): number => (name.toLowerCase().startsWith(wanted) ? 0 : 1);
  return [...known].sort((a, b) => begins(a) - begins(b) || (a < b ? -1 : 1)).slice(0, suggestionsAtMost);
}
