// All logs of the view, over the whole width, with their commonest values beside them.
import { FacetStrip } from "../components/logs/facet-strip";
import { LogPanel } from "../components/logs/log-panel";
import { h, icon } from "../components/dom";
import { recall, remember } from "../components/memory";

const storageName = "komfyrvakt-facets";
/** A narrower page shows the logs first. */
const roomFromPixels = 1_000;

class LogsPage extends HTMLElement {
  private readonly panel = new LogPanel();
  private readonly strip = new FacetStrip();
  private readonly fold = h("button", { type: "button", class: "quiet-button facets-button", title: "Common values", "aria-label": "Common values", onclick: () => this.toggle() },
    icon("M2 3.5h12M4.5 8h7M6.5 12.5h3"));

  connectedCallback(): void {
    if (this.childElementCount > 0) return;
    this.panel.prefersWide = true;
    this.panel.headTools = [this.fold];
    this.append(this.panel);
    const choice = recall(storageName);
    this.showStrip(choice === null ? innerWidth >= roomFromPixels : choice === "true");
  }

  private toggle(): void {
    const shown = !this.strip.isConnected;
    remember(storageName, String(shown));
    this.showStrip(shown);
  }

  private showStrip(shown: boolean): void {
    if (shown) this.prepend(this.strip);
    else this.strip.remove();
    this.fold.setAttribute("aria-expanded", String(shown));
  }
}

customElements.define("logs-page", LogsPage);
