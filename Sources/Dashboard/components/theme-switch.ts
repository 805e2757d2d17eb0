// Dark or light: by the system until the reader chooses.
import { h, icon } from "./dom";

const themes = ["system", "light", "dark"] as const;
type Theme = (typeof themes)[number];

const storageName = "komfyrvakt-theme";
const icons: Record<Theme, string> = {
  system: "M2 3h12v8H2zM6 14h4M8 11v3",
  light: "M8 5a3 3 0 1 0 0 6a3 3 0 1 0 0-6M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1",
  dark: "M13.5 9.5A6 6 0 1 1 6.5 2.5A4.7 4.7 0 0 0 13.5 9.5Z",
};

/** Puts the chosen theme on the document. */
export function applyTheme(theme = chosenTheme()): void {
  if (theme === "system") document.documentElement.removeAttribute("data-theme");
  else document.documentElement.setAttribute("data-theme", theme);
}

function chosenTheme(): Theme {
  try {
    return themes.find((theme) => theme === localStorage.getItem(storageName)) ?? "system";
  } catch {
    return "system";
  }
}

class ThemeSwitch extends HTMLElement {
  private readonly button = h("button", { type: "button", class: "quiet-button", onclick: () => this.next() });

  connectedCallback(): void {
    this.replaceChildren(this.button);
    this.show(chosenTheme());
  }

  private next(): void {
    const theme = themes[(themes.indexOf(chosenTheme()) + 1) % themes.length] ?? "system";
    try {
      localStorage.setItem(storageName, theme);
    } catch {
      // A browser that stores nothing shows the choice until the page is left.
    }
    applyTheme(theme);
    this.show(theme);
  }

  private show(theme: Theme): void {
    this.button.replaceChildren(icon(icons[theme]));
    this.button.setAttribute("aria-label", `Theme: ${theme}. Change it`);
    this.button.title = `Theme: ${theme}`;
  }
}

customElements.define("theme-switch", ThemeSwitch);
