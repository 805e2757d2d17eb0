// No logs: why that may be, and what to loosen.
import { hub } from "../../api/hub-state";
import { View, changeView, pathOf } from "../../pages/view";
import { h } from "../dom";
import { rangeWords } from "../range-words";
import { visible } from "../visible-text";

export function emptyState(view: View): HTMLElement {
  const loosen: Node[] = [];
  const offer = (name: string, change: Partial<View>): void => {
    loosen.push(h("li", {}, h("button", { type: "button", class: "small-button", onclick: () => changeView({ ...change, log: null }) }, name)));
  };
  if (view.q !== "") offer("Clear the search", { q: "" });
  if (view.level !== null) offer("All levels", { level: null });
  if (view.group !== null) {
    const { path, tree } = pathOf(view.group);
    const parent = path.includes(":") ? path.slice(0, path.lastIndexOf(":")) : null;
    if (!tree) offer("With sub-groups", { group: `${path}:*` });
    else if (parent !== null) offer(`All of ${visible(parent)}`, { group: `${parent}:*` });
    offer("All groups", { group: null });
  }
  if (view.until !== null) offer("Until now", { until: null });
  if (view.since !== "48h") offer("Last 48 hours", { since: "48h", until: null });
  const filtered = view.q !== "" || view.level !== null || view.group !== null || view.until !== null;
  // Where there are logs of other times, this is not the first that one waits for.
  const hasOthers = (hub.snapshot?.stats.totalLogs ?? 0) > 0;
  const [title, words] = filtered ? ["No logs here", "Nothing matches what is chosen."]
    : hasOthers ? ["No logs in this time", `${rangeWords(view)}: nothing came. A new one appears here within a second of being sent.`]
    : ["Waiting for the first log", "It appears here within a second of being sent."];
  return h("div", { class: "empty-state" }, h("p", { class: "empty-title" }, title), h("p", {}, words),
    filtered || hasOthers ? h("ul", { class: "loosen", "aria-label": "Loosen what is chosen" }, ...loosen) : null);
}
