// A message as a reader sees it: on one line or whole, in its terminal's colours, what a search found marked, and
// everything else that could hide or reorder text written out.
import { h, setText } from "../dom";
import { clip, visible } from "../visible-text";
import { Run, runsOf } from "./ansi";

/** Marks on one message: a search for one letter in a long text would make an element of every third character. */
const marksAtMost = 500;

/** Puts the beginning of a message into an element, on one line. */
export function showMessage(place: Element, message: string, length: number, hits: RegExp | null): void {
  // Cut first: a megabyte of blanks is not worth a look.
  const start = message.slice(0, length * 4);
  if (!start.includes("\u001b") && hits === null) {
    setText(place, visible(clip(start.replace(/\s+/g, " ").trim(), length)));
    return;
  }
  let left = length;
  const runs: Run[] = [];
  let blank = true;
  for (const run of runsOf(start)) {
    if (left <= 0) break;
    let text = run.text.replace(/\s+/g, " ");
    if (blank) text = text.trimStart();
    if (text === "") continue;
    blank = text.endsWith(" ");
    runs.push({ text: clip(text, left), style: run.style });
    left -= text.length;
  }
  place.replaceChildren(...nodesOf(runs, hits));
}

/** A message's nodes, line breaks and all. */
export function messageNodes(message: string, hits: RegExp | null): Node[] {
  return nodesOf(runsOf(message), hits);
}

function nodesOf(runs: Run[], hits: RegExp | null): Node[] {
  const found = hits === null ? [] : rangesOf(runs.map((run) => run.text).join(""), hits);
  const nodes: Node[] = [];
  let start = 0;
  let next = 0;
  for (const run of runs) {
    const end = start + run.text.length;
    let from = start;
    while (from < end) {
      while ((found[next]?.[1] ?? Infinity) <= from) next += 1;
      const hit = found[next];
      const inHit = hit !== undefined && hit[0] <= from;
      const to = Math.min(end, hit === undefined ? end : inHit ? hit[1] : hit[0]);
      const text = visible(run.text.slice(from - start, to - start));
      const node = inHit ? h("mark", { class: "hit" }, text) : document.createTextNode(text);
      nodes.push(run.style === "" ? node : h("span", { class: run.style }, node));
      from = to;
    }
    start = end;
  }
  return nodes;
}

function rangesOf(text: string, hits: RegExp): [number, number][] {
  const ranges: [number, number][] = [];
  for (const match of text.matchAll(hits)) {
    const length = (match[0] ?? "").length;
    if (length === 0) continue;
    ranges.push([match.index ?? 0, (match.index ?? 0) + length]);
    if (ranges.length === marksAtMost) break;
  }
  return ranges;
}
