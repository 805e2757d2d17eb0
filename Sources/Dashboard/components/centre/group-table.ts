// The parts of the selection that ask for attention first: most errors of the chosen range on top.
import { groups } from "../../api/client";
import { hub } from "../../api/hub-state";
import { View, changeView, currentView, queryOf } from "../../pages/view";
import { h, setText, show } from "../dom";
import { age, fullNumber, shortNumber } from "../format";
import { setLevelMark } from "../level-mark";
import { visible } from "../visible-text";
import { AskingCard } from "./centre-card";
import { SubGroup, errorsOf, subGroups } from "./group-path";

/** Rows of the table; more than this is what the tree is for. */
const rowsAtMost = 10;
const pauseMs = 30_000;

class GroupTableCard extends AskingCard {
  private readonly rows = h("tbody");
  private readonly tableRows: TableRow[] = [];
  private readonly more = h("p", { class: "card-fact" });
  private endHub: () => void = () => undefined;

  constructor() {
    super({ key: "groups", title: "Most errors" }, pauseMs);
  }

  protected build(): void {
    const number = (name: string): HTMLElement => h("th", { scope: "col", class: "number" }, name);
    this.body.append(h("table", { class: "group-table" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Group"), number("Errors"), number("Warnings"), number("Logs"), number("Last"))), this.rows));
    this.aside.append(this.more);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.endHub = hub.subscribe({ refreshed: () => this.showWhetherAny() });
  }

  protected override leave(): void {
    super.leave();
    this.endHub();
  }

  protected override follow(view: View, before: View | null): void {
    super.follow(view, before);
    this.showWhetherAny();
  }

  /** A group without any below it has no table; the first one below it brings it. */
  private showWhetherAny(): void {
    const any = hub.snapshot !== null && subGroups(hub.snapshot.groups, currentView().group).length > 0;
    if (any !== this.hidden) return;
    show(this, any);
    if (any) this.again();
  }

  protected async ask(view: View, signal: AbortSignal): Promise<string> {
    const { groups: counted, partial } = await groups(queryOf(view), signal);
    if (signal.aborted) return "";
    const parts = subGroups(counted, view.group);
    parts.sort((a, b) => errorsOf(b.levels) - errorsOf(a.levels) || b.levels.warning - a.levels.warning || b.count - a.count || (a.path < b.path ? -1 : 1));
    const worst = parts.filter((part) => part.count > 0).slice(0, rowsAtMost);
    setText(this.more, parts.length > worst.length ? `${worst.length} of ${fullNumber(parts.length)} groups` : "");
    while (this.tableRows.length < worst.length) {
      const row = new TableRow();
      this.tableRows.push(row);
      this.rows.append(row.element);
    }
    this.tableRows.forEach((row, index) => row.show(worst[index]));
    if (partial) return "Redis does not answer: only what the hub's memory holds is counted.";
    return worst.length === 0 && parts.length > 0 ? "No logs in this time." : "";
  }
}

/** A row of the table. It stays in its place and changes its texts, so that a refresh never takes a click away. */
class TableRow {
  private path = "";
  private readonly name = h("bdi");
  private readonly errorMark = h("span", { class: "error-mark" });
  private readonly errors = h("button", { type: "button", class: "cell-button", onclick: () => changeView({ group: `${this.path}:*`, level: "error", panel: "logs" }) });
  private readonly warnings = h("td", { class: "number" });
  private readonly count = h("td", { class: "number" });
  private readonly newest = h("td", { class: "number" });
  readonly element: HTMLElement;

  constructor() {
    const link = h("button", { type: "button", class: "row-button", onclick: () => changeView({ group: `${this.path}:*` }) }, this.name);
    this.element = h("tr", {}, h("th", { scope: "row" }, link),
      h("td", { class: "number" }, h("span", { class: "error-cell" }, this.errorMark, this.errors)), this.warnings, this.count, this.newest);
  }

  show(group: SubGroup | undefined): void {
    show(this.element, group !== undefined);
    if (group === undefined) return;
    this.path = group.path;
    const errors = errorsOf(group.levels);
    setLevelMark(this.errorMark, errors === 0 ? null : group.levels.critical > 0 ? "critical" : "error");
    setText(this.name, visible(group.name));
    setText(this.errors, shortNumber(errors));
    this.errors.setAttribute("aria-label", `${fullNumber(errors)} errors of ${visible(group.path)}`);
    this.errors.disabled = errors === 0;
    setText(this.warnings, shortNumber(group.levels.warning));
    setText(this.count, shortNumber(group.count));
    setText(this.newest, group.newest === null ? "" : age(group.newest));
    this.errors.classList.toggle("zero", errors === 0);
    this.warnings.classList.toggle("zero", group.levels.warning === 0);
  }
}

customElements.define("group-table-card", GroupTableCard);
