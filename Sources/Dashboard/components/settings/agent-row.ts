// One agent: a line of figures that opens into its inputs, its losses and its key. It stays in its place and changes its
// texts, so that a refresh never takes a click away.
import { Agent, AgentInput, AgentState, lossOf } from "../../api/agents";
import { currentView } from "../../pages/view";
import { h, icon, setText, show } from "../dom";
import { ago, bytes, fullNumber, lengthText, rate, shortNumber, timeText } from "../format";
import { keepingFocus } from "../kept-focus";
import { visible } from "../visible-text";

export const stateWords: Record<AgentState, string> = { online: "Online", late: "Late", silent: "Silent" };

/** A state as a word beside a shape: full, half, empty. */
export function stateMark(state: AgentState): HTMLElement {
  return h("span", { class: `agent-state state-${state}` }, h("span", { class: "state-shape", "aria-hidden": "true" }), stateWords[state]);
}

export class AgentRow {
  readonly element: HTMLElement;
  private readonly state = h("td", { role: "cell", class: "cell-state" });
  private readonly name = h("bdi", { class: "agent-name" });
  private readonly host = h("bdi", { class: "agent-host" });
  private readonly version = cell("Version");
  private readonly rate = cell("Logs a second", "number");
  private readonly backlog = cell("Waiting", "number");
  private readonly dropped = cell("Lost", "number");
  private readonly seen = cell("Last sign", "number");
  private readonly key = cell("Key");
  private readonly details = h("tr", { role: "row", class: "agent-details", hidden: true });
  private readonly opener: HTMLButtonElement;
  private shownState: AgentState | null = null;
  private agent: Agent;

  constructor(agent: Agent, number: number) {
    this.agent = agent;
    const id = `agent-details-${number}`;
    this.details.id = id;
    this.opener = h("button", { type: "button", class: "agent-opener", "aria-expanded": "false", "aria-controls": id, onclick: () => this.toggle() },
      icon("M6 4l4 4l-4 4"), h("span", { class: "agent-names" }, this.name, this.host));
    this.element = h("tbody", { role: "rowgroup", class: "agent", "data-agent": agent.id },
      h("tr", { role: "row", class: "agent-line" },
        h("th", { role: "rowheader", scope: "row", class: "cell-name" }, this.opener), this.state, this.version, this.rate, this.backlog, this.dropped, this.seen, this.key),
      this.details);
    this.update(agent);
  }

  update(agent: Agent): void {
    this.agent = agent;
    if (agent.state !== this.shownState) {
      this.shownState = agent.state;
      this.state.replaceChildren(stateMark(agent.state));
      this.element.dataset.state = agent.state;
    }
    setText(this.name, visible(agent.id));
    setText(this.host, agent.host === null || agent.host === agent.id ? "" : visible(agent.host));
    setText(this.version, visible(agent.version));
    setText(this.rate, agent.rate === null ? "\u2013" : rate(agent.rate));
    this.rate.title = agent.deliveredRate === null ? "" : `${rate(agent.deliveredRate)} delivered`;
    const waits = (agent.backlogLogs ?? 0) > 0 || (agent.buffer ?? "open") !== "open";
    setText(this.backlog, agent.backlogLogs === null ? "\u2013" : backlogText(agent));
    this.backlog.classList.toggle("zero", !waits);
    this.backlog.classList.toggle("warn", agent.buffer === "full" || (agent.backlogSeconds ?? 0) > 60);
    this.backlog.classList.toggle("bad", agent.buffer === "broken");
    const loss = lossOf(agent);
    const refused = agent.rejected ?? 0;
    setText(this.dropped, agent.dropped === null ? "\u2013" : shortNumber(loss) + (refused > 0 ? ` \u00b7 ${shortNumber(refused)} refused` : ""));
    this.dropped.title = `${fullNumber(loss)} lost, ${fullNumber(refused)} refused by the hub, ${fullNumber((agent.dropped ?? 0) - loss)} left out as configured`;
    this.dropped.classList.toggle("zero", loss === 0 && refused === 0);
    this.dropped.classList.toggle("warn", loss === 0 && refused > 0);
    this.dropped.classList.toggle("bad", loss > 0);
    setText(this.seen, ago(agent.lastSeen));
    this.seen.title = agent.lastSeen;
    setText(this.key, visible(agent.keyName));
    if (!this.details.hidden) this.showDetails();
  }

  private toggle(): void {
    const open = this.details.hidden;
    this.opener.setAttribute("aria-expanded", String(open));
    show(this.details, open);
    this.element.classList.toggle("open", open);
    if (open) this.showDetails();
    else this.details.replaceChildren();
  }

  private showDetails(): void {
    // What is selected to be copied stays; the next refresh shows what is new.
    const selection = getSelection();
    if (selection !== null && !selection.isCollapsed && this.details.contains(selection.anchorNode)) return;
    const scrolled = this.details.querySelector(".agent-inputs")?.scrollLeft ?? 0;
    keepingFocus(this.details, () => this.details.replaceChildren(h("td", { role: "cell", colspan: "8" }, detailsOf(this.agent))));
    // A table of inputs that is wider than a phone stays where it was moved to.
    if (scrolled > 0) this.details.querySelector(".agent-inputs")?.scrollTo({ left: scrolled });
  }
}

function cell(label: string, kind = ""): HTMLTableCellElement {
  return h("td", { role: "cell", class: kind, "data-label": label });
}

function backlogText(agent: Agent): string {
  const parts = [shortNumber(agent.backlogLogs ?? 0)];
  if ((agent.backlogBytes ?? 0) > 0) parts.push(bytes(agent.backlogBytes ?? 0));
  if ((agent.backlogSeconds ?? 0) > 0) parts.push(lengthText((agent.backlogSeconds ?? 0) * 1_000));
  if (agent.buffer === "full") parts.unshift("Full");
  if (agent.buffer === "broken") parts.unshift("Disk refuses");
  return parts.join(" \u00b7 ");
}

const bufferWords = { open: "logs go to its disk", full: "full: files and TCP senders wait, datagrams are dropped", broken: "the disk refuses: new logs are in memory alone" };

function detailsOf(agent: Agent): HTMLElement {
  const facts = h("dl", { class: "agent-facts" });
  const fact = (name: string, value: string): void => { facts.append(h("div", {}, h("dt", {}, name), h("dd", {}, h("bdi", {}, visible(value.replace(/(\d) (?=[a-zA-Z])/g, "$1\u00a0")))))); };
  const count = (value: number | null): string => (value === null ? "\u2013" : fullNumber(value));
  fact("Runs on", agent.host ?? "\u2013");
  fact("Version", agent.version);
  if (agent.started !== null) fact("Started", when(agent.started));
  fact("Received", `${count(agent.received)} since its start`);
  fact("Delivered", `${count(agent.delivered)}${agent.deliveredRate === null ? "" : `, ${rate(agent.deliveredRate)} a second`}`);
  fact("Waiting", `${count(agent.backlogLogs)} logs, ${agent.backlogBytes === null ? "\u2013" : bytes(agent.backlogBytes)}, the oldest for ${agent.backlogSeconds === null ? "\u2013" : lengthText(agent.backlogSeconds * 1_000)}`);
  if (agent.buffer !== null) fact("Buffer", bufferWords[agent.buffer]);
  fact("Refused by the hub", agent.rejected === null || agent.rejected === 0 ? count(agent.rejected) : `${count(agent.rejected)}, kept as dead letters: komfyr-agent buffer inspect`);
  fact("Key", `${agent.keyName}${agent.keyGroup === null ? "" : `, bound to ${agent.keyGroup}`}`);
  fact("Last sign of life", `${when(agent.lastSeen)}${agent.interval === null ? "" : `; every ${agent.interval} s`}`);
  return h("div", { class: "agent-more" }, facts, dropsOf(agent), inputsOf(agent.inputs));
}

/** 14:03:21 (5 min ago) */
function when(time: string): string {
  if (currentView().relative) return ago(time);
  return `${timeText(time)} (${ago(time)})`;
}

function dropsOf(agent: Agent): HTMLElement {
  if (agent.drops.length === 0) {
    return h("section", {}, h("h3", {}, "Not kept"), h("p", { class: "dim" }, (agent.dropped ?? 0) > 0 ? `${fullNumber(agent.dropped ?? 0)}; it did not say why.` : "Nothing."));
  }
  return h("section", {}, h("h3", {}, "Not kept"), h("ul", { class: "agent-drops" },
    ...agent.drops.map((drop) => h("li", {}, h("bdi", {}, visible(reasonWords[drop.reason] ?? drop.reason.replace(/_/g, " "))), h("span", { class: "number" }, fullNumber(drop.count))))));
}

/** What agents call their reasons (docs/operating.md), in words. */
const reasonWords: Record<string, string> = {
  refused_sender: "from a sender that no input allows",
  wrong_token: "without the input\u2019s token",
  no_room: "no room while the buffer took nothing",
  connection_limit: "too many connections",
  too_large: "too large",
  empty: "empty",
  own_message: "the agent\u2019s own messages",
  rule: "left out by a rule",
  kernel: "by the kernel: datagrams came faster than they were read",
  buffer_full: "the buffer on its disk was full",
  disk_broken: "its disk refused",
  disk_damaged: "could not be read back from its disk",
  dead_letters_full: "refused by the hub, and no room to keep them",
  rate_limited: "beyond a sender\u2019s rate limit",
};

function inputsOf(inputs: AgentInput[]): HTMLElement {
  if (inputs.length === 0) return h("section", {}, h("h3", {}, "Inputs"), h("p", { class: "dim" }, "It told of none."));
  const count = (value: number | null): string => (value === null ? "\u2013" : shortNumber(value));
  return h("section", { class: "agent-inputs", tabindex: "0", "aria-label": "Inputs" }, h("h3", {}, "Inputs"), h("table", {},
    h("thead", {}, h("tr", {}, ...["Name", "Type", "A second", "Received", "Unparsed", "Dropped"].map((name, index) => h("th", { scope: "col", class: index > 1 ? "number" : "" }, name)))),
    h("tbody", {}, ...inputs.map((input) => h("tr", {},
      h("th", { scope: "row" }, h("bdi", {}, visible(input.name))), h("td", {}, h("bdi", {}, visible(input.type))),
      h("td", { class: "number" }, input.rate === null ? "\u2013" : rate(input.rate)), h("td", { class: "number" }, count(input.received)),
      h("td", { class: `number${input.unparsed ? " warn" : " zero"}` }, count(input.unparsed)), h("td", { class: `number${input.dropped ? " bad" : " zero"}` }, count(input.dropped)))))));
}
