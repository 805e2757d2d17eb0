// What the store holds and how much room there is.
import { Figures } from "../../api/figures";
import { hub } from "../../api/hub-state";
import { h, setText, show } from "../dom";
import { age, bytes, fullNumber, rate, share, shortNumber } from "../format";

/** Logs are dropped or refused a tenth before the limit, 64 MiB at least (docs of KOMFYRVAKT_WHEN_FULL). */
const reserveOf = (limit: number): number => Math.min(Math.max(limit / 10, 64 << 20), limit / 4);

export class StoreFigures extends HTMLElement {
  private readonly tiles = new Map<string, { figure: HTMLElement; context: HTMLElement }>();
  private readonly used = h("span", { class: "meter-used" });
  private readonly edge = h("span", { class: "meter-edge" });
  private readonly meter = h("div", { class: "meter", role: "meter", "aria-label": "Memory used", "aria-valuemin": "0" }, this.used, this.edge);
  private readonly memory = h("p", { class: "meter-words" });
  private readonly full = h("p", { class: "full-state" });
  private readonly bound = h("p", { class: "dim", hidden: true });

  connectedCallback(): void {
    if (this.childElementCount > 0) return;
    this.setAttribute("aria-busy", "true");
    const list = h("dl", { class: "figure-tiles" });
    for (const name of ["Logs", "Stored", "A log takes", "Logs a second", "Oldest", "Newest", "Rejected", "Dropped"]) {
      const figure = h("dd", { class: "tile-figure" }, "\u2013");
      const context = h("dd", { class: "tile-context" }, "\u00a0");
      this.tiles.set(name, { figure, context });
      list.append(h("div", { class: "tile" }, h("dt", {}, name), figure, context));
    }
    this.append(list, h("div", { class: "memory" }, h("h3", {}, "Memory"), this.meter, this.memory, this.full), this.bound);
  }

  show(figures: Figures): void {
    this.removeAttribute("aria-busy");
    const kept = figures.retentionHours === null ? "" : `kept for ${figures.retentionHours} h`;
    this.set("Logs", shortNumber(figures.totalLogs), kept, fullNumber(figures.totalLogs));
    // What was not sealed into chunks yet is in the hub's memory and its log of writes.
    this.set("Stored", bytes(figures.bytesStored), `${fullNumber(figures.groups)} ${figures.groups === 1 ? "group" : "groups"}`, `${fullNumber(figures.bytesStored)} bytes`);
    this.set("A log takes", !figures.bytesPerLog ? "\u2013" : `${figures.bytesPerLog.toFixed(figures.bytesPerLog < 99.95 ? 1 : 0)} B`, figures.bytesPerLog ? "indexes included" : "nothing is packed yet");
    this.set("Logs a second", rate(figures.ingestRate), "last minute");
    this.setTime("Oldest", figures.oldest);
    this.setTime("Newest", figures.newest);
    this.set("Rejected", figures.rejected === null ? "\u2013" : shortNumber(figures.rejected), figures.rejected === null ? "of all groups" : "since the start", "", figures.rejected !== null && figures.rejected > 0 ? "warn" : "");
    this.set("Dropped", figures.dropped === null ? "\u2013" : shortNumber(figures.dropped), figures.dropped === null ? "of all groups" : "to make room", "", figures.dropped !== null && figures.dropped > 0 ? "bad" : "");
    this.showMemory(figures);
    const group = hub.session?.group ?? null;
    setText(this.bound, group === null ? "" : `Your key is bound to ${group}: these are the logs of its groups. Rejected and dropped are counted for all together, and not told to it.`);
    show(this.bound, group !== null);
  }

  private showMemory(figures: Figures): void {
    const { memoryUsed, memoryLimit } = figures;
    const limit = memoryLimit ?? 0;
    const part = limit > 0 ? Math.min(1, memoryUsed / limit) : 0;
    const edge = limit > 0 ? 1 - reserveOf(limit) / limit : 1;
    this.used.style.width = `${part * 100}%`;
    this.edge.style.left = `${edge * 100}%`;
    this.meter.classList.toggle("tight", part > edge * 0.85);
    this.meter.classList.toggle("full", figures.isFull);
    this.meter.setAttribute("aria-valuemax", String(limit));
    this.meter.setAttribute("aria-valuenow", String(memoryUsed));
    const words = limit > 0 ? `${bytes(memoryUsed)} of ${bytes(limit)} used (${share(memoryUsed, limit)})` : `${bytes(memoryUsed)} used, without a limit`;
    this.meter.setAttribute("aria-valuetext", words);
    setText(this.memory, words);
    setText(this.full, figures.isFull ? "Full: the oldest logs are dropped, or new ones refused, to make room." : limit > 0 ? `Not full. At ${bytes(limit * edge)}, the mark, the oldest logs are dropped or new ones refused.` : "Not full.");
    this.full.classList.toggle("bad", figures.isFull);
  }

  private setTime(name: string, time: string | null): void {
    const since = time === null ? "" : age(time);
    this.set(name, time === null ? "\u2013" : since, time === null ? "none yet" : since === "now" ? "\u00a0" : "ago", time ?? "");
  }

  private set(name: string, text: string, context: string, exact = "", mood = ""): void {
    const tile = this.tiles.get(name);
    if (tile === undefined) return;
    setText(tile.figure, text);
    setText(tile.context, context === "" ? "\u00a0" : context);
    tile.figure.title = exact;
    tile.figure.className = `tile-figure ${mood}`;
  }
}

customElements.define("store-figures", StoreFigures);
