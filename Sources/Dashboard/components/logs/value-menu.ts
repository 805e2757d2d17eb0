// What one can do with any value of a log: search for it, leave it out, copy it. The value itself is the button, so that
// three hundred fields are three hundred stops of the tab key and not a thousand.
import { changeView, currentView } from "../../pages/view";
import { h } from "../dom";
import { copyText } from "../copy";
import { withTerm } from "./query-terms";

let close: () => void = () => undefined;

/** Makes a value a button with a menu. `term`: what finds it, null when the search has no words for it. */
export function valueButton(content: Node, name: string, text: string, term: string | null): HTMLElement {
  const button = h("button", { type: "button", class: "value-button", "aria-haspopup": "menu", "aria-expanded": "false", title: `${name}: search or copy` }, content);
  button.addEventListener("click", (event) => {
    event.stopPropagation();
    const isOpen = button.getAttribute("aria-expanded") === "true";
    close();
    if (!isOpen) open(button, text, term);
  });
  return button;
}

/** Adds a term to the search, or its opposite. */
export function filterBy(term: string, out: boolean): void {
  changeView({ q: withTerm(currentView().q, term, out) });
}

function open(button: HTMLElement, text: string, term: string | null): void {
  const item = (name: string, act: () => void): HTMLButtonElement =>
    h("button", { type: "button", role: "menuitem", class: "menu-item", tabindex: "-1", onclick: () => { close(); act(); } }, name);
  const items = [
    ...(term === null ? [] : [item("Filter for this", () => filterBy(term, false)), item("Filter out", () => filterBy(term, true))]),
    item("Copy", () => void copyText(text)),
  ];
  const menu = h("div", { role: "menu", class: "menu", "aria-label": "This value" }, ...items);
  const outside = (event: Event): void => { if (!menu.contains(event.target as Node) && event.target !== button) close(); };
  const away = (event: Event): void => { if (!menu.contains(event.target as Node)) close(); };
  close = () => {
    close = () => undefined;
    document.removeEventListener("pointerdown", outside, true);
    document.removeEventListener("scroll", away, true);
    const hadFocus = menu.contains(document.activeElement);
    menu.remove();
    button.setAttribute("aria-expanded", "false");
    if (hadFocus && button.isConnected) button.focus({ preventScroll: true });
  };
  menu.addEventListener("keydown", (event) => {
    const place = items.indexOf(document.activeElement as HTMLButtonElement);
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) items[(place + step + items.length) % items.length]?.focus();
    else if (event.key === "Escape" || event.key === "Tab") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  document.addEventListener("pointerdown", outside, true);
  document.addEventListener("scroll", away, true);
  document.body.append(menu);
  button.setAttribute("aria-expanded", "true");
  const place = button.getBoundingClientRect();
  const { offsetWidth, offsetHeight } = menu;
  menu.style.left = `${Math.max(4, Math.min(place.left, innerWidth - offsetWidth - 4))}px`;
  menu.style.top = `${place.bottom + 4 + offsetHeight > innerHeight ? Math.max(4, place.top - offsetHeight - 4) : place.bottom + 4}px`;
  items[0]?.focus({ preventScroll: true });
}
