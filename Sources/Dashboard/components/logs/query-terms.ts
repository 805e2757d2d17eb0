// The `q` language (docs/search.md), as far as the page writes and reads it: which terms a search has, and how a value
// becomes a term that means exactly that value.

/** A term of a search: a word, a phrase, a comparison with a field. */
export interface Term {
  start: number;
  end: number;
  negated: boolean;
  /** The field as it is written; null: none. */
  field: string | null;
  /** `:`, `=`, `>=` …; empty without a field. */
  operator: string;
  /** The value as it is written, quotes and stars included. */
  value: string;
}

/** Longer terms are not offered: a search has at most 4,096 bytes. */
const longestTerm = 1_000;
const simpleName = /^[A-Za-z_][\w.-]*$/;
const simpleValue = /^[\p{L}\p{N}_][\p{L}\p{N}_.@-]*$/u;
const termPattern = /(-?)(?:("(?:\\.|[^"\\])*"|(?:\\.|[^\s()":=<>\\])+)(:|=|>=|<=|>|<))?("(?:\\.|[^"\\])*"?\*?|\/(?:\\.|[^/\\])*\/i?|(?:\\.|[^\s()"\\])*)/y;

/** A number that the language takes as one without quotes. */
export const numberForm = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i;

/** Reads a search. What cannot be read is passed over: the hub says what is wrong with it. */
export function termsOf(q: string): Term[] {
  const terms: Term[] = [];
  /** Of each open parenthesis: the field before it, and whether it is negated. */
  const outer: { field: string | null; operator: string; negated: boolean }[] = [];
  let negate = false;
  let index = 0;
  while (index < q.length) {
    const character = q.charAt(index);
    const around = outer[outer.length - 1];
    if (/\s/.test(character)) {
      index += 1;
    } else if (character === "(") {
      outer.push({ field: around?.field ?? null, operator: around?.operator ?? "", negated: (around?.negated ?? false) !== negate });
      negate = false;
      index += 1;
    } else if (character === ")") {
      outer.pop();
      index += 1;
    } else {
      termPattern.lastIndex = index;
      const match = termPattern.exec(q);
      if (match === null || match[0] === "") {
        index += 1;
        continue;
      }
      const [whole = "", minus, field, operator = "", value = ""] = match;
      index += whole.length;
      if (minus === "-" && field === undefined && value === "") {
        negate = true;
      } else if (field !== undefined && value === "" && q.charAt(index) === "(") {
        outer.push({ field, operator, negated: (around?.negated ?? false) !== (minus === "-" || negate) });
        negate = false;
        index += 1;
      } else if (field === undefined && minus === "" && /^(AND|OR|&&|\|\|)$/.test(value)) {
        continue;
      } else if (field === undefined && minus === "" && value === "NOT") {
        negate = true;
      } else {
        terms.push({
          start: index - whole.length, end: index,
          negated: (around?.negated ?? false) !== (minus === "-" || negate),
          field: field ?? around?.field ?? null, operator: field === undefined ? (around?.operator ?? "") : operator, value,
        });
        negate = false;
      }
    }
  }
  return terms;
}

/** A term that finds a value of a log's own field: these are names, compared whole. */
export function ownTerm(field: "level" | "group" | "source" | "tags", value: string): string {
  return `${field}:${quoted(value)}`;
}

/** A term that finds a value of a member of `data`; null: the language has none, or it would be too long. */
export function dataTerm(path: string[], value: string | number | boolean | null | { source: string }): string | null {
  const name = fieldName(path);
  let term: string;
  if (value === null) term = `${name}:null`;
  else if (typeof value === "string") term = `${name}=${quoted(value)}`;
  else if (typeof value === "object") term = `${name}=${value.source}`;
  else term = `${name}${typeof value === "boolean" ? ":" : "="}${String(value)}`;
  return term.length > longestTerm ? null : term;
}

/** A member's name as a field; one that is named as a log's own field says where it is. */
export function fieldName(path: string[]): string {
  const name = path.join(".");
  const own = path.length === 1 && /^(message|level|group|tags?|source|data)$/.test(name);
  if (own) return `data.${name}`;
  return simpleName.test(name) ? name : quoteMark(name);
}

/** A search with a term added, or taken out of it. The same term does not come twice, its opposite goes. */
export function withTerm(q: string, term: string, out: boolean): string {
  const wanted = out ? `-${term}` : term;
  const opposite = out ? term : `-${term}`;
  let rest = q.trim();
  // Nothing is taken out of a search with alternatives: it might mean something else then.
  const hasAlternatives = /(^|\s)(OR|\|\|)(\s|$)/.test(rest);
  if (!hasAlternatives) {
    for (const found of termsOf(rest)) if (rest.slice(found.start, found.end) === wanted) return rest;
    for (const found of termsOf(rest)) {
      if (rest.slice(found.start, found.end) === opposite) {
        rest = `${rest.slice(0, found.start)}${rest.slice(found.end)}`.replace(/ {2,}/g, " ").trim();
        break;
      }
    }
  }
  if (rest === "" || rest === "*") return wanted;
  return `${hasAlternatives ? `(${rest})` : rest} ${wanted}`;
}

export function quoted(value: string): string {
  return simpleValue.test(value) && !/^(AND|OR|NOT|null|true|false)$/.test(value) && Number.isNaN(Number(value)) ? value : quoteMark(value);
}

function quoteMark(value: string): string {
  const text = value.replace(/[\\"]/g, "\\$&").replace(/\n/g, "\\n").replace(/\r/g, "\\r").replace(/\t/g, "\\t");
  return `"${text}"`;
}

/** What quotes and backslashes mean. */
export function unquoted(value: string): string {
  const inner = value.startsWith("\"") ? value.slice(1).replace(/"\*?$/, "") : value;
  return inner.replace(/\\(.)/g, (_, sign: string) => (sign === "n" ? "\n" : sign === "r" ? "\r" : sign === "t" ? "\t" : sign));
}

/** What to mark in messages for a search: its words, phrases and parts, not those that it excludes. */
export function hitsOf(q: string): RegExp | null {
  const sources: string[] = [];
  for (const term of termsOf(q)) {
    if (term.negated || (term.field !== null && (term.field !== "message" || !/^[:=]$/.test(term.operator)))) continue;
    // An expression is the hub's to run, in linear time; here one that someone sent by a link could hang the page.
    if (term.value.startsWith("/")) continue;
    const isQuoted = term.value.startsWith("\"");
    const openStart = !isQuoted && term.value.startsWith("*");
    const openEnd = term.value.length > 1 && term.value.endsWith("*") && !term.value.endsWith("\\*");
    const text = unquoted(isQuoted ? term.value : term.value.slice(openStart ? 1 : 0, openEnd ? -1 : undefined));
    if (text === "") continue;
    const escaped = text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&").replace(/\s+/g, "\\s{1,32}");
    sources.push(`${!openStart && isWordSign(text.charAt(0)) ? `(?<!${wordSign})` : ""}${escaped}${!openEnd && isWordSign(text.charAt(text.length - 1)) ? `(?!${wordSign})` : ""}`);
    if (sources.length === 64) break;
  }
  return sources.length === 0 ? null : new RegExp(sources.join("|"), "gi");
}

const wordSign = "[A-Za-z0-9_\\u0080-\\uffff]";

function isWordSign(character: string): boolean {
  return new RegExp(`^${wordSign}$`).test(character);
}
