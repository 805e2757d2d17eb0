// The recipes as tabs, with this hub's own address, the agent's, and a key filled in. `#how=ID` chooses one.
import { Made, makeKey } from "../../api/keys";
import { hub } from "../../api/hub-state";
import { h, setText, show } from "../dom";
import { visible } from "../visible-text";
import { codeBox } from "./code-box";
import { onPlace, placeWord, setPlace } from "./place";
import { troubleOf } from "./poll";
import { Recipe, hostText, isLoopback, keyPlaceholder, recipeOf, recipes } from "./recipes";

export class RecipeTabs extends HTMLElement {
  private readonly tabs = new Map<string, HTMLButtonElement>();
  private readonly list = h("div", { class: "recipe-list", role: "tablist", "aria-label": "What sends", "aria-orientation": "vertical" });
  private readonly blocks = h("div", { class: "recipe-blocks" });
  private readonly note = h("p", { class: "recipe-note" });
  private readonly caution = h("p", { class: "recipe-caution", hidden: true });
  private readonly panel = h("div", { class: "recipe-panel", role: "tabpanel", id: "recipe-panel", tabindex: "0" }, this.caution, this.blocks, this.note);
  private readonly agent = h("input", { type: "text", class: "field code-field", id: "agent-address", spellcheck: "false", autocomplete: "off", autocapitalize: "none", maxlength: "253" });
  private readonly agentRow = h("div", { class: "recipe-given" }, h("label", { for: "agent-address" }, "The agent\u2019s address"), this.agent);
  private readonly keyWords = h("p");
  private readonly keyButton = h("button", { type: "button", class: "plain-button make-key", onclick: () => void this.make() }, "Make a key for sending");
  private readonly keptButton = h("button", { type: "button", class: "main-button kept", hidden: true, onclick: () => this.forget() }, "I have kept it");
  private readonly keyRow = h("div", { class: "recipe-given recipe-key", role: "group", "aria-label": "The key" }, this.keyWords, this.keyButton, this.keptButton);
  private chosen: Recipe = recipeOf(null);
  /** Only while its maker reads it: see `forget`. */
  private made: Made | null = null;
  private endings: (() => void)[] = [];
  private readonly leave = (): void => this.forget();

  connectedCallback(): void {
    if (this.childElementCount === 0) this.build();
    this.endings = [
      onPlace(() => this.follow()),
      // The overview folds its recipes away once a log is there: a key must not stay on the page unseen.
      hub.subscribe({ refreshed: () => { if (this.closest("details:not([open])") !== null) this.forget(); } }),
    ];
    window.addEventListener("pagehide", this.leave);
    this.follow();
    this.showKey();
  }

  disconnectedCallback(): void {
    for (const end of this.endings) end();
    window.removeEventListener("pagehide", this.leave);
    this.forget();
  }

  private build(): void {
    let kind = "";
    for (const recipe of recipes) {
      if (recipe.kind !== kind) this.list.append(h("span", { class: "recipe-kind", role: "presentation" }, recipe.kind));
      kind = recipe.kind;
      const tab = h("button", { type: "button", class: "recipe-tab", role: "tab", id: `recipe-${recipe.id}`, "aria-controls": "recipe-panel", onclick: () => this.choose(recipe, true) }, recipe.name);
      this.tabs.set(recipe.id, tab);
      this.list.append(tab);
    }
    this.list.addEventListener("keydown", (event) => this.move(event));
    this.agent.value = hostText(location.hostname) === "localhost" ? "127.0.0.1" : hostText(location.hostname);
    this.agent.addEventListener("input", () => this.fill());
    this.append(this.list, h("div", { class: "recipe-side" }, this.keyRow, this.agentRow, this.panel));
  }

  private follow(): void {
    this.choose(recipeOf(placeWord("how")), false);
  }

  private choose(recipe: Recipe, tell: boolean): void {
    this.chosen = recipe;
    for (const [id, tab] of this.tabs) {
      tab.setAttribute("aria-selected", String(id === recipe.id));
      tab.tabIndex = id === recipe.id ? 0 : -1;
    }
    this.panel.setAttribute("aria-labelledby", `recipe-${recipe.id}`);
    if (tell) setPlace({ how: recipe.id });
    this.fill();
  }

  /** Arrows go from tab to tab, as tabs do. */
  private move(event: KeyboardEvent): void {
    const at = recipes.indexOf(this.chosen);
    const step = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: recipes.length - 1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const recipe = recipes[(step + recipes.length) % recipes.length];
    if (recipe === undefined) return;
    this.choose(recipe, true);
    this.tabs.get(recipe.id)?.focus();
  }

  private fill(): void {
    const { way } = this.chosen;
    const agent = hostText(this.agent.value) || "AGENT";
    const blocks = this.chosen.blocks({ hub: location.origin, agent, key: this.made?.secret ?? keyPlaceholder });
    this.blocks.replaceChildren(...blocks.map((block) => h("section", { class: "way" }, h("h3", {}, block.title), codeBox(`${this.chosen.name}: ${block.title}`, block.lines))));
    setText(this.note, this.chosen.note);
    show(this.keyRow, way !== "agent");
    show(this.agentRow, way === "agent");
    const isElsewhere = this.chosen.kind === "Network devices" || this.chosen.kind === "Boards";
    const caution = way === "agent" && isElsewhere && isLoopback(agent) ? `${agent} is this machine alone: give the address by which the device reaches the agent.`
      : way === "hub" && isLoopback(location.hostname) ? `${location.hostname} is this machine alone: from another machine use the hub\u2019s own name or address.` : "";
    setText(this.caution, caution);
    this.caution.classList.toggle("warning-note", way === "agent");
    show(this.caution, caution !== "");
  }

  private async make(): Promise<void> {
    this.keyButton.disabled = true;
    try {
      this.made = await makeKey({ name: `first-log-${new Date().toISOString().slice(0, 10)}`, scopes: ["ingest"] });
      // The reader may have left meanwhile: then nobody has seen it, and the list of keys shows it to be revoked.
      if (!this.isConnected) this.made = null;
      this.showKey();
      this.fill();
      this.keptButton.focus();
    } catch (error) {
      const trouble = troubleOf(this, error);
      if (trouble !== null) setText(this.keyWords, visible(trouble.message));
    } finally {
      this.keyButton.disabled = false;
    }
  }

  /** Takes the key off the page. */
  private forget(): void {
    if (this.made === null) return;
    this.made = null;
    getSelection()?.removeAllRanges();
    this.showKey("The key is no longer on this page. ");
    this.fill();
  }

  private showKey(before = ""): void {
    const isAdmin = hub.may("admin");
    show(this.keyButton, isAdmin && this.made === null);
    show(this.keptButton, this.made !== null);
    this.keyRow.classList.toggle("revealed", this.made !== null);
    setText(this.keyWords, this.made !== null
      ? `The key \u201c${visible(this.made.key.name)}\u201d may send logs and nothing else. It is in the lines below, this once: copy them now.`
      : `${before}Put your key in place of ${keyPlaceholder}${isAdmin ? ", or make one that may only send." : "; whoever has the admin scope makes one in the settings."}`);
  }
}

customElements.define("recipe-tabs", RecipeTabs);
