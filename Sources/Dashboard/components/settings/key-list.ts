// The keys, or the share tokens, that there are: who may what, since when, until when. Sends `revoked`.
import { Key, revokeKey } from "../../api/keys";
import { hubNow } from "../../api/hub-clock";
import { hub } from "../../api/hub-state";
import { h, icon, setText, show } from "../dom";
import { age, ago, fullNumber } from "../format";
import { visible } from "../visible-text";
import { confirmed } from "./confirm-dialog";
import { troubleOf } from "./poll";

export class KeyList extends HTMLElement {
  private readonly body = h("tbody");
  private readonly problem = h("p", { class: "form-problem", role: "alert", hidden: true });
  private readonly nothing = h("p", { class: "dim list-nothing", tabindex: "-1", hidden: true });
  private readonly table: HTMLTableElement;
  private shown = "";
  /** The key whose row is about to go, and that row's place: whoever revoked it by keyboard goes on from there. */
  private revoked: { id: string; place: number } | null = null;

  constructor(private readonly kind: "key" | "share" = "key") {
    super();
    const names = kind === "key" ? ["Name", "May", "Groups", "Created", "Ends", "Last used", "Limit", ""] : ["Name", "Shows", "Created", "Ends", "Last used", ""];
    this.table = h("table", { class: `key-table ${kind}-table`, "aria-label": kind === "key" ? "Keys" : "Shares" },
      h("thead", {}, h("tr", {}, ...names.map((name) => (name === "" ? h("td") : h("th", { scope: "col" }, name))))), this.body);
  }

  connectedCallback(): void {
    if (this.childElementCount > 0) return;
    setText(this.nothing, this.kind === "key" ? "No keys but the one of the hub\u2019s own .env." : "Nothing is shared.");
    this.append(this.table, this.nothing, this.problem);
  }

  show(keys: Key[]): void {
    const own = keys.filter((key) => key.kind === this.kind);
    show(this.table, own.length > 0);
    show(this.nothing, own.length === 0);
    // Rows are made anew only when something differs: a refresh must not take a click or the focus away.
    const text = own.map((key) => [key.id, key.expired, key.expires === null ? "" : until(key.expires), key.lastUsed === null ? "" : age(key.lastUsed), age(key.created)].join()).join("\n");
    if (text === this.shown) return;
    this.shown = text;
    const focused = this.contains(document.activeElement) ? document.activeElement?.closest("tr")?.dataset.key : undefined;
    this.body.replaceChildren(...own.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.id < b.id ? -1 : 1)).map((key) => this.row(key)));
    if (focused !== undefined) for (const row of this.body.rows) if (row.dataset.key === focused) row.querySelector("button")?.focus();
    this.goOn(own);
  }

  /** After a revocation: to the row that has taken the place, to the last one, or to the words that there is none. */
  private goOn(keys: Key[]): void {
    const { revoked } = this;
    if (revoked === null || keys.some((key) => key.id === revoked.id)) return;
    this.revoked = null;
    // Who has gone elsewhere meanwhile stays there.
    if (document.activeElement !== document.body && document.activeElement !== null) return;
    (this.body.rows[Math.min(revoked.place, keys.length - 1)]?.querySelector("button") ?? this.nothing).focus();
  }

  private row(key: Key): HTMLElement {
    const cells = [cell("Groups", bdi(key.group ?? "all"), key.group === null ? "dim" : "code-text")];
    if (this.kind === "key") {
      cells.unshift(cell("May", h("span", { class: "scopes" }, ...key.scopes.map((scope) => h("span", { class: `tag scope-${scope}` }, visible(scope))))));
    }
    const ends = key.expires === null ? "never" : key.expired ? "ended" : until(key.expires);
    cells.push(
      cell("Created", timed(key.created, ago(key.created))),
      cell("Ends", key.expires === null ? ends : timed(key.expires, ends), key.expired ? "bad" : ""),
      cell("Last used", key.lastUsed === null ? "never" : timed(key.lastUsed, usedText(key.lastUsed)), key.lastUsed === null ? "dim" : ""));
    if (this.kind === "key") cells.push(cell("Limit", key.rateLimit === null ? "usual" : `${fullNumber(key.rateLimit)}/min`, key.rateLimit === null ? "dim" : ""));
    return h("tr", { "data-key": key.id, class: key.expired ? "expired" : "" },
      h("th", { scope: "row" }, bdi(key.name), h("span", { class: "key-id dim" }, visible(key.id))), ...cells,
      h("td", { class: "key-act" }, h("button", { type: "button", class: "plain-button revoke", "aria-label": `Revoke ${visible(key.name)}`, onclick: () => void this.revoke(key) },
        icon("M4 4l8 8M12 4l-8 8"), "Revoke")));
  }

  private async revoke(key: Key): Promise<void> {
    const isShare = this.kind === "share";
    const own = hub.session?.name === key.name ? " It has the name of the key that you are signed in with: you may be signed out." : "";
    const yes = await confirmed(this, {
      title: `Revoke \u201c${visible(key.name)}\u201d?`,
      words: `${isShare ? "Whoever has the link sees nothing any more" : "Whoever uses it is refused"} within 5 seconds. This cannot be undone.${own}`,
      action: "Revoke",
    });
    if (!yes) return;
    try {
      await revokeKey(key.id);
      this.revoked = { id: key.id, place: [...this.body.rows].findIndex((row) => row.dataset.key === key.id) };
      show(this.problem, false);
    } catch (error) {
      const trouble = troubleOf(this, error);
      if (trouble === null) return;
      setText(this.problem, visible(trouble.message));
      show(this.problem, true);
    }
    this.dispatchEvent(new CustomEvent("revoked"));
  }
}

function cell(label: string, content: Node | string, kind = ""): HTMLElement {
  return h("td", { "data-label": label, class: kind }, content);
}

function bdi(text: string): HTMLElement {
  return h("bdi", {}, visible(text));
}

function timed(time: string, words: string): HTMLElement {
  return h("time", { datetime: time, title: time }, words);
}

/** When a key was used is known to the hour. */
function usedText(time: string): string {
  return hubNow() - Date.parse(time) < 3_600_000 ? "within the hour" : ago(time);
}

/** in 5 h, in 30 d */
function until(time: string): string {
  const ms = Date.parse(time) - hubNow();
  if (Number.isNaN(ms)) return time;
  if (ms <= 0) return "ended";
  const hours = ms / 3_600_000;
  if (hours < 1) return `in ${Math.ceil(ms / 60_000)} min`;
  return hours < 48 ? `in ${Math.round(hours)} h` : `in ${Math.round(hours / 24)} d`;
}

customElements.define("key-list", KeyList);
