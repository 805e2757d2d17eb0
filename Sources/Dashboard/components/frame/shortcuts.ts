// The page's keys. They are single letters without Ctrl, Alt or Meta, so none is the browser's; none works while someone
// types, and a screen reader's browse mode takes letters before the page does.
//
// What moves in the logs is said by events on the document (`move-log` with 1 or -1, `open-log`), so that this file knows
// nothing of lists.
import { PageName, changeView, currentView, isEmbedded } from "../../pages/view";

/** After `g`, the second letter may take so long; then the groups' filter gets the keyboard. */
const secondLetterMs = 700;

const pagesByLetter: Record<string, PageName> = { o: "overview", l: "logs", a: "agents", s: "settings", n: "send" };

/** All keys, as the help lists them. Within another page there is no search and one page. */
export const shortcuts: [string, [string[], string][]][] = [
  ["Find", [
    ...(isEmbedded ? [] : [[["/"], "Search"]] as [string[], string][]),
    [["g"], "Filter groups"],
    [["[", "]"], "Fold the groups, the logs"],
  ]],
  ["Logs", [
    [["j"], "Next log, the older one"],
    [["k"], "Previous log, the newer one"],
    [["Enter"], "Open or close the log"],
  ]],
  ...(isEmbedded ? [] : [["Pages", [
    [["g", "o"], "Overview"],
    [["g", "l"], "Logs"],
    [["g", "a"], "Agents"],
    [["g", "s"], "Settings"],
    [["g", "n"], "Send logs"],
  ]]] as [string, [string[], string][]][]),
  ["Groups, when they have the keyboard", [
    [["\u2191", "\u2193"], "Previous, next"],
    [["\u2190", "\u2192"], "Fold, unfold"],
    [["a \u2026 z"], "To the name that begins so"],
    [["Enter"], "Show this group"],
  ]],
  ["Everywhere", [
    [["Esc"], "Close, or leave the field"],
    [["?"], "This help"],
  ]],
];

/** Listens for the keys; the answer ends that. `help` opens the help. */
export function listenForShortcuts(help: () => void): () => void {
  let awaitsSecond: number | undefined;

  const pressed = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    const target = event.target instanceof Element ? event.target : null;
    // A dialog has its own keys.
    if (target?.closest("dialog, [role=dialog]") !== null && target !== null) return;
    if (isTyping(target)) {
      if (event.key === "Escape" && target instanceof HTMLElement) target.blur();
      return;
    }
    const isSecond = awaitsSecond !== undefined;
    clearTimeout(awaitsSecond);
    awaitsSecond = undefined;
    const page = pagesByLetter[event.key];
    if (isSecond && page !== undefined && !isEmbedded) {
      event.preventDefault();
      changeView({ page });
      return;
    }
    switch (event.key) {
      case "/": focusField("#search"); break;
      case "g":
        if (isEmbedded) focusField("#group-filter");
        else awaitsSecond = window.setTimeout(() => {
          awaitsSecond = undefined;
          focusField("#group-filter");
        }, isSecond ? 0 : secondLetterMs);
        break;
      case "j": send("move-log", 1); break;
      case "k": send("move-log", -1); break;
      case "[": send("fold-panel", "groups"); break;
      case "]": send("fold-panel", "logs"); break;
      case "?": help(); break;
      case "Enter":
        // What has the keyboard is pressed by Enter itself.
        if (target?.closest("button, a, summary, [role=treeitem], [role=separator], [tabindex='0']") !== null && target !== document.body) return;
        send("open-log", null);
        break;
      default: return;
    }
    event.preventDefault();
  };

  document.addEventListener("keydown", pressed);
  return () => {
    clearTimeout(awaitsSecond);
    document.removeEventListener("keydown", pressed);
  };
}

function isTyping(target: Element | null): boolean {
  return target?.closest("input, textarea, select, [contenteditable]") != null;
}

function send(name: string, detail: unknown): void {
  document.dispatchEvent(new CustomEvent(name, { detail }));
}

/** Gives a field the keyboard; the page that has it is shown first. */
function focusField(selector: string): void {
  const view = currentView();
  if (selector === "#group-filter") {
    if (view.page !== "overview") changeView({ page: "overview" });
    send("show-panel", "groups");
  } else if ((document.querySelector(selector)?.getClientRects().length ?? 0) === 0 && !isEmbedded) {
    changeView({ page: "logs" });
  }
  const field = document.querySelector<HTMLInputElement>(selector);
  field?.focus();
  field?.select();
}
