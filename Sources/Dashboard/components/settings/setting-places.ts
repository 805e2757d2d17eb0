// Where each of the hub's settings is set, by the names of its environment (config/hub.env.example). The page shows them and
// changes none: whoever may edit the hub's environment is not whoever may see its logs.
import { Figures } from "../../api/figures";
import { h, setText } from "../dom";
import { bytes, fullNumber } from "../format";
import { visible } from "../visible-text";

/** What the page can know of the present values. */
export interface Known {
  figures: Figures | null;
  version: string;
  frameAncestors: string | null;
}

interface Setting {
  what: string;
  names: string[];
  /** The present value; null: the hub does not tell it to pages. */
  now(known: Known): string | null;
}

const untold = (): null => null;

const settings: Setting[] = [
  { what: "Where the hub listens", names: ["HOST", "PORT"], now: () => location.host },
  { what: "TLS certificate and key", names: ["TLS_CERT_FILE", "TLS_KEY_FILE"], now: () => (location.protocol === "https:" ? "this page came by TLS" : "this page came without TLS") },
  { what: "How long logs are kept", names: ["LOG_RETENTION_HOURS"], now: ({ figures }) => (figures?.retentionHours === null || figures === null ? null : `${figures.retentionHours} h`) },
  { what: "Memory for logs", names: ["KOMFYRVAKT_MEMORY_LIMIT"], now: ({ figures }) => (figures === null || figures.memoryLimit === null ? null : bytes(figures.memoryLimit)) },
  { what: "When memory is full", names: ["KOMFYRVAKT_WHEN_FULL"], now: untold },
  { what: "Writing through to disk", names: ["KOMFYRVAKT_FSYNC"], now: untold },
  { what: "The data\u2019s folder", names: ["KOMFYRVAKT_DATA_DIR"], now: untold },
  { what: "Another Redis than the hub\u2019s own", names: ["REDIS_URL", "REDIS_HOST", "REDIS_PORT", "REDIS_USERNAME", "REDIS_PASSWORD", "REDIS_DB"], now: untold },
  { what: "The key that may everything", names: ["KOMFYRVAKT_API_KEY"], now: () => "never shown here" },
  { what: "Who writes reports", names: ["AI_PROVIDER"], now: ({ figures }) => analystName(figures) },
  { what: "Gemini", names: ["GEMINI_API_KEY", "GEMINI_MODEL", "GEMINI_BASE_URL"], now: ({ figures }) => modelOf(figures, "gemini") },
  { what: "A model of your own", names: ["OPENAI_BASE_URL", "OPENAI_MODEL", "OPENAI_API_KEY"], now: ({ figures }) => modelOf(figures, "openai") },
  { what: "Tokens of a model in a day", names: ["AI_DAILY_TOKENS"], now: ({ figures }) => (typeof figures?.analyst?.dailyTokens === "number" ? fullNumber(figures.analyst.dailyTokens) : null) },
  { what: "Who may show pages in a frame", names: ["KOMFYRVAKT_FRAME_ANCESTORS"], now: ({ frameAncestors }) => frameAncestors },
  { what: "How much the hub says of itself", names: ["LOG_LEVEL", "ENVIRONMENT"], now: untold },
];

/** Who writes reports, in words. */
export function analystName(figures: Figures | null): string | null {
  if (figures === null || figures.analyst === null) return null;
  const { provider, model } = figures.analyst;
  if (provider === "statistics") return "the hub itself (statistics)";
  return model === null ? visible(provider) : `${visible(provider)}, ${visible(model)}`;
}

function modelOf(figures: Figures | null, provider: string): string | null {
  if (figures === null || figures.analyst === null) return null;
  return figures.analyst.provider === provider ? visible(figures.analyst.model ?? "in use") : "not in use";
}

export class SettingPlaces extends HTMLElement {
  private readonly cells: HTMLElement[] = [];

  connectedCallback(): void {
    if (this.childElementCount > 0) return;
    const body = h("tbody");
    for (const setting of settings) {
      const now = h("td", { class: "setting-now", "data-label": "Now" });
      this.cells.push(now);
      body.append(h("tr", {}, h("th", { scope: "row" }, setting.what), now,
        h("td", { class: "setting-names" }, ...setting.names.flatMap((name, index) => [index > 0 ? " " : "", h("code", {}, name)]))));
    }
    this.append(
      h("p", { class: "dim" }, "In the hub\u2019s environment, or in the file .env of the folder that it runs in; the environment wins. The hub reads them at its start. config/hub.env.example has each with its default."),
      h("table", { class: "setting-table" }, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Setting"), h("th", { scope: "col" }, "Now"), h("th", { scope: "col" }, "Set by"))), body));
  }

  show(known: Known): void {
    settings.forEach((setting, index) => {
      const cell = this.cells[index];
      if (cell === undefined) return;
      const now = setting.now(known);
      setText(cell, now === null ? "not told to pages" : visible(now));
      cell.classList.toggle("dim", now === null);
    });
  }
}

customElements.define("setting-places", SettingPlaces);
