// The fleet: every agent that told of itself within the retention, sorted and filtered, and asked for again and again.
import { Agent, AgentState, agentStates, agents, lossOf } from "../../api/agents";
import { changeView } from "../../pages/view";
import { h, icon, setText, show } from "../dom";
import { fullNumber } from "../format";
import { arrange } from "../kept-focus";
import { AgentRow, stateWords } from "./agent-row";
import { codeBox } from "./code-box";
import { PanelState } from "./panel-state";
import { onPlace, placeWord, setPlace } from "./place";
import { Poll } from "./poll";

const everyMs = 5_000;
/** Lines that are made at once; a button shows more. */
const rowsAtOnce = 200;
/** The address has a filter once its typing rests: browsers let a page change it a hundred times in half a minute. */
const tellAfterMs = 400;

type SortName = "name" | "state" | "version" | "rate" | "backlog" | "dropped" | "seen" | "key";

/** What each column is sorted by; numbers fall at first, words rise. */
const columns: { sort: SortName; name: string; number: boolean; value: (agent: Agent) => number | string }[] = [
  { sort: "name", name: "Agent", number: false, value: (agent) => agent.id.toLowerCase() },
  { sort: "state", name: "State", number: false, value: trouble },
  { sort: "version", name: "Version", number: false, value: (agent) => agent.version },
  { sort: "rate", name: "Logs a second", number: true, value: (agent) => agent.rate ?? -1 },
  { sort: "backlog", name: "Waiting", number: true, value: (agent) => agent.backlogLogs ?? -1 },
  { sort: "dropped", name: "Lost", number: true, value: lossOf },
  { sort: "seen", name: "Last sign", number: true, value: (agent) => Date.parse(agent.lastSeen) || 0 },
  { sort: "key", name: "Key", number: false, value: (agent) => agent.keyName.toLowerCase() },
];

/** What asks for a look first: the silent, the late, then those whose disk refuses or is full. */
function trouble(agent: Agent): number {
  const state = agentStates.length - agentStates.indexOf(agent.state);
  return state * 4 - (agent.buffer === "broken" ? 3 : agent.buffer === "full" ? 2 : lossOf(agent) > 0 ? 1 : 0);
}

class AgentList extends HTMLElement {
  private readonly state = new PanelState();
  private readonly filter = h("input", { type: "search", class: "field", placeholder: "Filter by name, host, version, key, input", "aria-label": "Filter agents", spellcheck: "false", maxlength: "100" });
  private readonly chips = new Map<AgentState | "", HTMLButtonElement>();
  private readonly heads = new Map<SortName, HTMLElement>();
  private readonly sortChoice = h("select", { class: "field sort-choice", "aria-label": "Sort by" }, ...columns.map((column) => h("option", { value: column.sort }, `By ${column.name.toLowerCase()}`)));
  private readonly tools = h("div", { class: "agent-tools" });
  private readonly head = h("thead", { role: "rowgroup" });
  private readonly table = h("table", { class: "agent-table", role: "table", "aria-label": "Agents" });
  private readonly nothing = h("p", { class: "dim list-nothing", role: "status", hidden: true }, "No agent matches.");
  private readonly more = h("button", { type: "button", class: "plain-button", hidden: true });
  private readonly rows = new Map<string, AgentRow>();
  private all: Agent[] = [];
  private order: string[] = [];
  private most = rowsAtOnce;
  private number = 0;
  private tellTimer: number | undefined;
  private poll: Poll<Agent[]> | null = null;
  private end: () => void = () => undefined;

  connectedCallback(): void {
    if (this.childElementCount === 0) this.build();
    this.end = onPlace(() => {
      this.filter.value = placeWord("find") ?? "";
      this.arrange(true);
    });
    this.state.loading(4);
    this.poll = new Poll(this, everyMs, agents, {
      got: (list) => this.got(list),
      troubled: (problem) => this.state.troubled(problem, () => this.poll?.now()),
    });
  }

  disconnectedCallback(): void {
    this.poll?.close();
    this.end();
    clearTimeout(this.tellTimer);
  }

  private build(): void {
    const choices = h("div", { class: "chips", role: "group", "aria-label": "State" });
    for (const state of ["", ...agentStates] as const) {
      const chip = h("button", { type: "button", class: `chip chip-${state || "all"}`, "aria-pressed": "false", onclick: () => { setPlace({ state: state || null }); this.arrange(true); } });
      this.chips.set(state, chip);
      choices.append(chip);
    }
    const head = h("tr", { role: "row" });
    for (const column of columns) {
      const cell = h("th", { role: "columnheader", scope: "col", class: column.number ? "number" : "" },
        h("button", { type: "button", class: "sort-button", onclick: () => this.sort(column.sort) }, column.name, icon("M8 3v10M4.5 9.5L8 13l3.5-3.5")));
      this.heads.set(column.sort, cell);
      head.append(cell);
    }
    this.head.append(head);
    this.table.append(this.head);
    this.filter.value = placeWord("find") ?? "";
    this.filter.addEventListener("input", () => {
      clearTimeout(this.tellTimer);
      this.tellTimer = window.setTimeout(() => setPlace({ find: this.filter.value.trim() }), tellAfterMs);
      this.arrange(true);
    });
    this.sortChoice.addEventListener("change", () => this.sort(this.sortChoice.value as SortName));
    this.more.addEventListener("click", () => { this.most += rowsAtOnce; this.arrange(true); });
    this.tools.append(this.filter, choices, this.sortChoice);
    show(this.tools, false);
    show(this.table, false);
    this.append(this.tools, this.state.old, this.state.element, h("div", { class: "agent-scroller" }, this.table), this.nothing, this.more);
  }

  private got(list: Agent[]): void {
    this.all = list;
    if (list.length > 0) this.state.done();
    show(this.tools, list.length > 0);
    show(this.table, list.length > 0);
    if (list.length === 0) this.showHowTo();
    for (const [state, chip] of this.chips) {
      const count = state === "" ? list.length : list.filter((agent) => agent.state === state).length;
      setText(chip, `${state === "" ? "All" : stateWords[state]} ${fullNumber(count)}`);
    }
    this.arrange(false);
  }

  private showHowTo(): void {
    this.state.empty("No agent yet", "An agent takes syslog, JSON and files, keeps them on its disk while the hub is away, and tells of itself here every half minute.",
      codeBox("How to install an agent", "sudo install -m 755 komfyr-agent /usr/local/bin/\nkomfyr-agent check --live --config agent.toml\nkomfyr-agent run --config agent.toml"),
      h("p", {}, "make run starts one beside the hub. docs/operating.md has it as a service."),
      h("button", { type: "button", class: "plain-button", onclick: () => { changeView({ page: "send" }); setPlace({ how: "file" }); window.dispatchEvent(new HashChangeEvent("hashchange")); } }, "An agent.toml to copy"));
  }

  private sort(name: SortName): void {
    const [current, falls] = this.sorting();
    const column = columns.find((candidate) => candidate.sort === name);
    const down = current === name ? !falls : column?.number === true;
    setPlace({ sort: down ? `-${name}` : name });
    this.arrange(true);
  }

  private sorting(): [SortName, boolean] {
    const word = placeWord("sort") ?? "state";
    const name = word.replace(/^-/, "");
    const column = columns.find((candidate) => candidate.sort === name);
    return [column?.sort ?? "state", word.startsWith("-")];
  }

  /** Puts the lines in order. A refresh moves none while the reader points at them or works in them. */
  private arrange(asked: boolean): void {
    const [name, falls] = this.sorting();
    const wanted = this.filter.value.trim().toLowerCase();
    const state = placeWord("state");
    for (const [key, chip] of this.chips) chip.setAttribute("aria-pressed", String(key === (agentStates.find((known) => known === state) ?? "")));
    for (const [key, head] of this.heads) head.setAttribute("aria-sort", key !== name ? "none" : falls ? "descending" : "ascending");
    this.sortChoice.value = name;
    const matching = this.all.filter((agent) => (!agentStates.some((known) => known === state) || agent.state === state) && matches(agent, wanted));
    const value = columns.find((column) => column.sort === name)?.value ?? trouble;
    const held = !asked && (this.table.matches(":hover") || this.table.contains(document.activeElement));
    const places = new Map(this.order.map((id, index) => [id, index]));
    matching.sort((a, b) => {
      if (held) return (places.get(a.id) ?? Infinity) - (places.get(b.id) ?? Infinity) || (a.id < b.id ? -1 : 1);
      const [left, right] = [value(a), value(b)];
      const difference = left < right ? -1 : left > right ? 1 : 0;
      return (falls ? -difference : difference) || (a.id < b.id ? -1 : 1);
    });
    const shown = matching.slice(0, this.most);
    this.show(shown);
    show(this.nothing, this.all.length > 0 && matching.length === 0);
    show(this.more, matching.length > shown.length);
    setText(this.more, `Show more (${fullNumber(matching.length - shown.length)})`);
  }

  private show(shown: Agent[]): void {
    const order = shown.map((agent) => agent.id);
    const present = new Set(order);
    for (const id of this.rows.keys()) if (!present.has(id)) this.rows.delete(id);
    arrange(this.table, [this.head, ...shown.map((agent) => {
      const known = this.rows.get(agent.id);
      if (known !== undefined) {
        known.update(agent);
        return known.element;
      }
      const row = new AgentRow(agent, ++this.number);
      this.rows.set(agent.id, row);
      return row.element;
    })]);
    this.order = order;
  }
}

function matches(agent: Agent, wanted: string): boolean {
  if (wanted === "") return true;
  return [agent.id, agent.host ?? "", agent.version, agent.keyName, ...agent.inputs.map((input) => `${input.name} ${input.type}`)].some((text) => text.toLowerCase().includes(wanted));
}

customElements.define("agent-list", AgentList);
