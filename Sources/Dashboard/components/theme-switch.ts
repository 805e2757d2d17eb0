// Dark or light: by the system until the reader chooses. A page within another page is told by its address.
import { givenTheme } from "../pages/view";
import { h, icon } from "./dom";
import { recall, remember } from "./memory";

const themes = ["system", "light", "dark"] as const;
type Theme = (typeof themes)[number];

const storageName = "komfyrvakt-theme";
const icons: Record<Theme, string> = {
  system: "M2 3h12v8H2zM6 14h4M8 11v3",
  light: "M8 5a3 3 0 1 0 0 6a3 3 0 1 0 0-6M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1",
  dark: "M13.5 9.5A6 6 0 1 1 6.5 2.5A4.7 4.7 0 0 0 13.5 9.5Z",
};
const names: Record<Theme, string> = { system: "as the system", light: "light", dark: "dark" };

let chosen: Theme | null = null;

/** Puts the chosen theme on the document. */
export function applyTheme(theme: Theme = givenTheme ?? chosenTheme()): void {
  if (theme === "system") document.documentElement.removeAttribute("data-theme");
  else document.documentElement.setAttribute("data-theme", theme);
}

/** What was chosen; a browser that stores nothing remembers it until the page is left. */
function chosenTheme(): Theme {
  chosen ??= themes.find((theme) => theme === recall(storageName)) ?? "system";
  return chosen;
}

class ThemeSwitch extends HTMLElement {
  private readonly button = h("button", { type: "button", class: "quiet-button", onclick: () => this.next() });

  connectedCallback(): void {
    this.replaceChildren(this.button);
    this.show(chosenTheme());
  }

  private next(): void {
    const theme = themes[(themes.indexOf(chosenTheme()) + 1) % themes.length] ?? "system";
    chosen = theme;
    remember(storageName, theme);
    applyTheme(theme);
    this.show(theme);
  }

  private show(theme: Theme): void {
    this.button.replaceChildren(icon(icons[theme]));
    this.button.setAttribute("aria-label", `Theme: ${names[theme]}. Change it`);
    this.button.title = `Theme: ${names[theme]}`;
  }
}

customElements.define("theme-switch", ThemeSwitch);
