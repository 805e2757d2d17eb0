// Makes a share: a link, and lines for another page, that show one group and its logs for a while.
import { Made, makeShare } from "../../api/keys";
import { h, show } from "../dom";
import { FormField } from "./form-field";
import { groupField } from "./group-field";
import { SecretPart } from "./secret-box";
import { SecretForm, inputs } from "./secret-form";

const times: [string, string][] = [["1", "An hour"], ["8", "8 hours"], ["24", "A day"], ["168", "A week"], ["720", "30 days"], ["8760", "A year"], ["own", "Hours\u2026"]];

/** Where a share is looked at. The token stands behind the #, which browsers send to no server. */
export function shareAddress(group: string, token: string): string {
  const pattern = encodeURIComponent(group).replace(/%3A/g, ":").replace(/%2A/g, "*").replace(/%2F/g, "/");
  return `${location.origin}/?embed=1${group === "*" ? "" : `&group=${pattern}`}#token=${token}`;
}

/** What the reader is given of a share. */
export function sharePartsOf(group: string, token: string): SecretPart[] {
  const address = shareAddress(group, token);
  const attribute = (text: string): string => text.replace(/&/g, "&amp;").replace(/"/g, "&quot;").replace(/</g, "&lt;");
  return [
    { label: "The link", lines: address },
    { label: "For another page", lines: `<iframe src="${attribute(address)}"\n        title="Logs of ${attribute(group)}" width="100%" height="600" loading="lazy"></iframe>` },
  ];
}

export class ShareForm extends SecretForm {
  private readonly group = groupField("datacenter:*", true);
  private readonly time = h("select", { class: "field", "aria-label": "For how long" }, ...times.map(([value, words]) => h("option", { value }, words)));
  private readonly hours = h("input", { type: "text", class: "field hours-field", inputmode: "numeric", "aria-label": "Hours", placeholder: "hours", hidden: true });
  private readonly name = h("input", { type: "text", class: "field", autocomplete: "off", placeholder: "share" });

  constructor() {
    super("Make the link");
  }

  protected build(): { fields: FormField[]; lists: Node[] } {
    this.time.value = "24";
    this.time.addEventListener("change", () => show(this.hours, this.time.value === "own"));
    return {
      fields: [
        new FormField(["group"], "Group", this.group.input, "a:b is that group, a:* it and all below it, * all."),
        new FormField(["hours"], "For", inputs(this.time, this.hours)),
        new FormField(["name"], "Name", this.name, "To find it again in the list."),
      ],
      lists: [this.group.list],
    };
  }

  /** With the name of the group. */
  protected async make(): Promise<{ made: Made; group: string }> {
    const group = this.group.input.value.trim();
    const typed = this.time.value === "own" ? this.hours.value.trim() : this.time.value;
    const name = this.name.value.trim();
    return { made: await makeShare({ group, hours: /^\d{1,9}$/.test(typed) ? Number(typed) : typed, ...(name === "" ? {} : { name }) }), group };
  }

  protected clear(): void {
    this.name.value = "";
  }
}

customElements.define("share-form", ShareForm);
