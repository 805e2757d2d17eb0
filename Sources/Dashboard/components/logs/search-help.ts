// The language of searches on one screen; each example can be taken.
import { h } from "../dom";

const examples: [string, [string, string][]][] = [
  ["Words", [
    ["timeout", "the word, in any case"],
    ["connection timeout", "both words, anywhere"],
    ["\"connection timeout\"", "these words so"],
    ["time* *meou*", "a word that begins so \u00b7 that holds it"],
    ["/time(d )?out/", "a regular expression (RE2)"],
  ]],
  ["Joining", [
    ["disk OR memory", "one of them"],
    ["disk -test", "the first, not the second"],
    ["(disk OR memory) -test", "parentheses group"],
  ]],
  ["Fields", [
    ["level>=warning", "this level and above"],
    ["group:shop:*", "a group with all below it"],
    ["tags:prod source:web-1", "a tag, a source"],
    ["http.status>=500", "a number of the data, by its path"],
    ["user=\"Alice Smith\"", "exactly this value"],
    ["error:* -error:*", "has the member \u00b7 lacks it"],
    ["status:(>=400 <500)", "two conditions on one field"],
  ]],
];

/** `take` hears which example was chosen. */
export function searchHelp(take: (example: string) => void): HTMLElement {
  const table = h("table", { class: "help-table" });
  for (const [title, rows] of examples) {
    table.append(h("tr", {}, h("th", { colspan: "2", scope: "colgroup" }, title)));
    for (const [example, meaning] of rows) {
      table.append(h("tr", {}, h("td", {}, h("button", { type: "button", onclick: () => take(example) }, example)), h("td", {}, meaning)));
    }
  }
  return h("div", {}, table, h("p", { class: "drop-note" }, "Enter searches. A text with : = < > ( ) is put in quotes."));
}
