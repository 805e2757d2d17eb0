// Makes a key.
import { KeyWish, Made, Scope, makeKey, scopes } from "../../api/keys";
import { h, show } from "../dom";
import { FormField } from "./form-field";
import { groupField } from "./group-field";
import { SecretForm, inputs } from "./secret-form";

const scopeWords: Record<Scope, string> = {
  ingest: "send logs and heartbeats",
  read: "read logs, groups, counts, reports",
  admin: "all that, purge, keys, shares, metrics",
};

/** Hours; empty: never. */
const ends: [string, string][] = [["", "Never"], ["24", "In a day"], ["168", "In a week"], ["720", "In 30 days"], ["2160", "In 90 days"], ["8760", "In a year"], ["at", "At a time\u2026"]];

export class KeyForm extends SecretForm {
  private readonly name = h("input", { type: "text", class: "field", autocomplete: "off", placeholder: "my-app" });
  private readonly boxes = new Map<Scope, HTMLInputElement>();
  private readonly group = groupField("app:mine:*", true);
  private readonly ending = h("select", { class: "field" }, ...ends.map(([value, words]) => h("option", { value }, words)));
  private readonly endTime = h("input", { type: "datetime-local", class: "field", "aria-label": "Ends at", hidden: true });
  private readonly limit = h("input", { type: "text", class: "field", inputmode: "numeric", autocomplete: "off", placeholder: "the usual" });

  constructor() {
    super("Make the key");
  }

  protected build(): { fields: FormField[]; lists: Node[] } {
    const choices = h("div", { class: "scope-choices", role: "group" });
    for (const scope of scopes) {
      const box = h("input", { type: "checkbox", value: scope });
      this.boxes.set(scope, box);
      choices.append(h("label", { class: "scope-choice" }, box, h("span", {}, h("strong", {}, scope), h("span", { class: "dim" }, ` ${scopeWords[scope]}`))));
    }
    const ingest = this.boxes.get("ingest");
    if (ingest !== undefined) ingest.checked = true;
    this.ending.addEventListener("change", () => show(this.endTime, this.ending.value === "at"));
    this.ending.setAttribute("aria-label", "Ends");
    return {
      fields: [
        new FormField(["name"], "Name", this.name, "What it is for: the program, the site."),
        new FormField(["scopes"], "It may", choices),
        new FormField(["group"], "Only groups", this.group.input, "Empty: all. a:b is that group, a:* it and all below it."),
        new FormField(["expires_in", "expires_at"], "Ends", inputs(this.ending, this.endTime)),
        new FormField(["rate_limit"], "Requests a minute", this.limit, "Empty: 3,000, and sending is not counted."),
      ],
      lists: [this.group.list],
    };
  }

  protected make(): Promise<Made> {
    return makeKey(this.wish());
  }

  protected clear(): void {
    this.name.value = "";
  }

  private wish(): KeyWish {
    const wish: KeyWish = { name: this.name.value.trim(), scopes: scopes.filter((scope) => this.boxes.get(scope)?.checked === true) };
    const group = this.group.input.value.trim();
    if (group !== "") wish.group = group;
    if (this.ending.value === "at") wish.expires_at = timeOf(this.endTime.value);
    else if (this.ending.value !== "") wish.expires_in = Number(this.ending.value);
    const limit = this.limit.value.trim();
    if (limit !== "") wish.rate_limit = /^\d{1,9}$/.test(limit) ? Number(limit) : limit;
    return wish;
  }
}

/** A time of the reader's own zone as RFC 3339; what is none goes as it is, and the hub says so. */
function timeOf(typed: string): string {
  const time = new Date(typed);
  return Number.isNaN(time.getTime()) ? typed || "no time" : time.toISOString();
}

customElements.define("key-form", KeyForm);
