// What a search may go on with: names of fields, and values of a field, from what the view's logs hold.
import { Facets, ValueCount, facets } from "../../api/facets";
import { levels } from "../../api/types";
import { currentView, queryOf } from "../../pages/view";
import { fieldName, numberForm, quoted } from "./query-terms";

export interface Suggestion {
  /** What stands in the search afterwards, from `start` to `end` of it. */
  text: string;
  start: number;
  end: number;
  kind: string;
  count: number | null;
}

const suggestionsAtMost = 12;
const facetsAtMost = 100;
/** Values are counted again after this. */
const keptForMs = 30_000;

/** Values of the view's logs, asked when someone types and kept for a while. */
export class Completion {
  private known: Facets | null = null;
  private knownFor = "";
  private knownAt = -Infinity;
  private asking: AbortController | null = null;

  /** Suggestions for the place of the caret; a newer call ends an older one, which then answers null. */
  async at(q: string, caret: number): Promise<Suggestion[] | null> {
    this.asking?.abort();
    const asking = new AbortController();
    this.asking = asking;
    const known = await this.facetsOf(asking.signal);
    return asking.signal.aborted ? null : known === null ? [] : suggestions(known, q, caret);
  }

  cancel(): void {
    this.asking?.abort();
    this.asking = null;
  }

  private async facetsOf(signal: AbortSignal): Promise<Facets | null> {
    const query = queryOf(currentView());
    const key = JSON.stringify(query);
    if (this.known !== null && this.knownFor === key && performance.now() - this.knownAt < keptForMs) return this.known;
    try {
      const known = await facets(query, facetsAtMost, signal);
      if (signal.aborted) return null;
      this.known = known;
      this.knownFor = key;
      this.knownAt = performance.now();
      return known;
    } catch {
      // No suggestions are no harm; what is wrong is told by the list.
      return null;
    }
  }
}

/** The term around the caret: a field and the beginning of its value, or the beginning of a word. */
function termAt(q: string, caret: number): { field: string | null; typed: string; start: number } {
  let start = caret;
  let inQuotes = false;
  for (let index = 0; index < caret; index++) {
    const character = q.charAt(index);
    if (character === "\\") index += 1;
    else if (character === "\"") inQuotes = !inQuotes;
    if (!inQuotes && /[\s()]/.test(character)) start = caret < index + 1 ? caret : index + 1;
    else if (index === 0) start = 0;
  }
  if (q.charAt(start) === "-") start += 1;
  const term = q.slice(start, caret);
  const match = /^("(?:\\.|[^"\\])*"|[^\s":=<>]+)(:|=)(.*)$/s.exec(term);
  if (match === null) return { field: null, typed: term, start };
  return { field: match[1] ?? "", typed: match[3] ?? "", start: caret - (match[3] ?? "").length };
}

function suggestions(known: Facets, q: string, caret: number): Suggestion[] {
  const { field, typed, start } = termAt(q, caret);
  let end = caret;
  while (end < q.length && !/[\s()]/.test(q.charAt(end))) end += 1;
  const wanted = typed.replace(/^"/, "").toLowerCase();
  const matches = (value: string): boolean => value.toLowerCase().includes(wanted);
  const found: Suggestion[] = [];
  const add = (text: string, kind: string, count: number | null): void => {
    if (found.length < suggestionsAtMost && text !== typed) found.push({ text, start, end, kind, count });
  };
  const addValues = (values: ValueCount[], kind: string, write: (value: string) => string): void => {
    for (const { value, count } of values) if (matches(value)) add(write(value), kind, count);
  };
  if (field !== null) {
    addValues(valuesOf(known, field), "value", (value) => (numberForm.test(value) ? value : quoted(value)));
    // What begins so stands before what merely holds it.
    return found.sort((a, b) => Number(b.text.toLowerCase().startsWith(wanted)) - Number(a.text.toLowerCase().startsWith(wanted)));
  }
  for (const name of ["level", "group", "source", "tags", "message"]) if (name.startsWith(wanted)) add(`${name}:`, "field", null);
  for (const { field: name, count } of known.fields) if (matches(name)) add(`${fieldName(name.split("."))}:`, "field of data", count);
  if (wanted !== "") {
    addValues(known.groups, "group", (value) => `group:${quoted(value)}`);
    addValues(known.tags, "tag", (value) => `tags:${quoted(value)}`);
    addValues(known.sources, "source", (value) => `source:${quoted(value)}`);
    for (const level of levels) if (level.startsWith(wanted)) add(`level:${level}`, "level", known.levels[level]);
  }
  return found;
}

function valuesOf(known: Facets, field: string): ValueCount[] {
  if (field === "level") return levels.map((level) => ({ value: level, count: known.levels[level] }));
  if (field === "group") return known.groups;
  if (field === "source") return known.sources;
  if (field === "tags" || field === "tag") return known.tags;
  const name = field.replace(/^"|"$/g, "");
  return known.fields.find((candidate) => candidate.field === name || fieldName(candidate.field.split(".")) === field)?.values ?? [];
}
