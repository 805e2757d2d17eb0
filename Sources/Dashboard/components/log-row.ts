// One log in the list: a line that opens into all that is known of it. Nothing is built before it is opened.
import { Log } from "../api/types";
import { dataTree, longText } from "./data-tree";
import { h } from "./dom";
import { clock } from "./format";
import { levelMark } from "./level-mark";
import { clip, visible } from "./visible-text";

/** Characters of a message that a closed line may need: two lines of a wide panel. */
const messageAtOnce = 400;
/** Characters of an opened message shown before a button shows the rest. */
const openMessageAtOnce = 20_000;
/** Tags on a closed line; an opened one shows all. */
const tagsAtOnce = 4;

/** Makes a log's row. It sends `opened` and `closed` (which bubble) as a reader opens and closes it. */
export function logRow(log: Log): HTMLElement {
  const [time, milliseconds] = clock(log.timestamp);
  const head = h("button", { type: "button", class: "log-head", "aria-expanded": "false" },
    h("time", { class: "log-time", datetime: log.timestamp, title: log.timestamp }, time, h("span", { class: "log-ms" }, milliseconds)),
    levelMark(log.level),
    h("span", { class: "log-body" },
      h("bdi", { class: "log-message" }, visible(firstWords(log.message))),
      underline(log)),
  );
  const row = h("li", { class: `log log-${log.level}`, "data-id": log.id }, head);
  head.addEventListener("click", () => toggle(row, head, log));
  return row;
}

/** The beginning of a message, in one line. */
function firstWords(message: string): string {
  // Cut first: a megabyte of blanks is not worth a look.
  return clip(message.slice(0, messageAtOnce * 4).replace(/\s+/g, " ").trim(), messageAtOnce);
}

function underline(log: Log): HTMLElement {
  const line = h("span", { class: "log-under" });
  if (log.group !== null) line.append(h("bdi", { class: "log-group" }, visible(log.group)));
  if (log.source !== null) line.append(h("bdi", { class: "log-source" }, visible(log.source)));
  for (const tag of log.tags.slice(0, tagsAtOnce)) line.append(h("bdi", { class: "tag" }, visible(tag)));
  if (log.tags.length > tagsAtOnce) line.append(h("span", { class: "tag" }, `+${log.tags.length - tagsAtOnce}`));
  return line;
}

function toggle(row: HTMLElement, head: HTMLElement, log: Log): void {
  const open = head.getAttribute("aria-expanded") !== "true";
  head.setAttribute("aria-expanded", String(open));
  row.classList.toggle("open", open);
  const details = row.querySelector(".log-details");
  if (!open) details?.remove();
  else if (details === null) row.append(detailsOf(log));
  row.dispatchEvent(new CustomEvent(open ? "opened" : "closed", { bubbles: true }));
}

function detailsOf(log: Log): HTMLElement {
  const facts = h("dl", { class: "facts" });
  const fact = (name: string, value: Node | string): void =>
    facts.append(h("dt", {}, name), h("dd", {}, typeof value === "string" ? h("bdi", {}, visible(value)) : value));
  fact("Time", log.timestamp);
  if (log.received_at !== log.timestamp) fact("Received", log.received_at);
  fact("Level", log.level);
  fact("Group", log.group ?? "none");
  if (log.source !== null) fact("Source", log.source);
  if (log.tags.length > 0) fact("Tags", h("span", { class: "tags" }, ...log.tags.map((tag) => h("bdi", { class: "tag" }, visible(tag)))));
  fact("Id", log.id);
  return h("div", { class: "log-details" },
    h("div", { class: "full-message" }, longText(log.message, openMessageAtOnce, "full-text")),
    facts,
    log.data === null ? null : h("div", { class: "log-data" }, h("h4", {}, "Data"), dataTree(log.data)),
  );
}
