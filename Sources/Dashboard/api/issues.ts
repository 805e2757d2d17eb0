// What is wrong with a request that does not validate: the list of a 422, so that a form can say it at the field.
import { parseJson } from "./json";
import { isObject, text } from "./types";

export interface Issue {
  /** Where: `body`, `name`; `query`, `group`; `body`, `3`, `level`. */
  place: string[];
  message: string;
}

/** More than this nobody reads, and one form has no more fields. */
const issuesAtMost = 20;

/** Reads an answer's body; empty when it has no list of issues. */
export function issuesOf(body: string): Issue[] {
  let detail;
  try {
    const value = parseJson(body);
    detail = isObject(value) ? value.detail : undefined;
  } catch {
    return [];
  }
  if (!Array.isArray(detail)) return [];
  const issues: Issue[] = [];
  for (const entry of detail.slice(0, issuesAtMost)) {
    if (!isObject(entry)) continue;
    const message = text(entry.msg);
    if (message === null) continue;
    issues.push({ place: Array.isArray(entry.loc) ? entry.loc.map((part) => String(part)) : [], message });
  }
  return issues;
}
