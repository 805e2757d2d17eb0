// Waits for a first log and says when it is there. With nothing stored any log is it. On a hub that is at work already, it
// is one that says what the recipes send, or the first of a group that was not there before.
import { HubError, Unreachable, logs } from "../../api/client";
import { hub } from "../../api/hub-state";
import { LogStream } from "../../api/log-stream";
import { Log } from "../../api/types";
import { changeView } from "../../pages/view";
import { h, setText } from "../dom";
import { levelMark } from "../level-mark";
import { timeElement } from "../time-element";
import { clip, visible } from "../visible-text";
import { greeting } from "./recipes";

const messageAtMost = 200;
/** Groups that are remembered as known: as many as a hub may have. */
const groupsAtMost = 200_000;

class LogArrival extends HTMLElement {
  private readonly state = h("p", { class: "arrival-state" });
  private readonly place = h("div", { class: "arrival-log" });
  private readonly link = h("span", { class: "arrival-link", hidden: true });
  private stream: LogStream | null = null;
  private known: Set<string> | null = null;
  private count = 0;
  private newest: Log | null = null;
  private isLooking = false;
  private end: () => void = () => undefined;

  connectedCallback(): void {
    if (this.childElementCount === 0) {
      this.setAttribute("role", "status");
      this.append(h("span", { class: "arrival-mark", "aria-hidden": "true" }), h("div", { class: "arrival-body" }, this.state, this.place), this.link);
    }
    this.wait();
    this.end = hub.subscribe({ refreshed: () => this.refreshed(), troubled: (trouble) => this.tell(trouble !== null) });
  }

  disconnectedCallback(): void {
    this.end();
    this.stream?.close();
    this.stream = null;
  }

  private wait(): void {
    this.known = null;
    this.newest = null;
    this.count = 0;
    this.place.replaceChildren();
    this.link.hidden = true;
    this.classList.remove("arrived");
    this.tell(false);
  }

  private tell(isAway: boolean): void {
    if (this.newest !== null) return;
    const wanted = this.known === null || this.known.size === 0 ? "Waiting for your log\u2026"
      : `Waiting for your log: one that says \u201c${greeting}\u201d, or the first of a new group\u2026`;
    setText(this.state, isAway ? "The hub does not answer. Waiting goes on when it does." : wanted);
  }

  private refreshed(): void {
    const { snapshot } = hub;
    if (snapshot === null) return;
    // A stream that nobody looks at is work for nobody.
    if (!this.isShown()) {
      this.stream?.close();
      this.stream = null;
      if (this.newest === null) this.known = null;
      return;
    }
    if (this.known === null) {
      this.known = new Set(snapshot.groups.slice(0, groupsAtMost).map((group) => group.name));
      this.listen(snapshot.stats.totalLogs === 0);
      this.tell(hub.trouble !== null);
      return;
    }
    for (const group of snapshot.groups) {
      if (this.known.has(group.name) || this.known.size >= groupsAtMost) continue;
      this.known.add(group.name);
      void this.look(group.name);
    }
  }

  private isShown(): boolean {
    return this.closest("details:not([open])") === null && this.offsetParent !== null;
  }

  private listen(isEmpty: boolean): void {
    this.stream?.close();
    this.stream = new LogStream({ group: null, level: null, q: isEmpty ? "" : `"${greeting}"`, since: "1h", until: null }, {
      opened: () => undefined,
      arrived: (arrived) => {
        const newest = arrived[arrived.length - 1];
        if (newest !== undefined) this.arrive(newest, arrived.length);
        hub.nudge();
      },
      skipped: (count) => { this.count += count; },
      changed: () => undefined,
    });
  }

  /** A group that was not there before: its newest log. */
  private async look(group: string): Promise<void> {
    if (this.isLooking || this.newest?.group === group) return;
    this.isLooking = true;
    try {
      const page = await logs({ group, level: null, q: "", since: "1h", until: null }, 1);
      const log = page.logs[0];
      if (log !== undefined && this.isConnected && log.id !== this.newest?.id) this.arrive(log, 1);
    } catch (error) {
      // The frame tells of a hub that is away or says no; the next new group is looked at again.
      if (!(error instanceof HubError) && !(error instanceof Unreachable)) throw error;
    } finally {
      this.isLooking = false;
    }
  }

  private arrive(log: Log, count: number): void {
    this.newest = log;
    this.count += count;
    this.classList.add("arrived");
    setText(this.state, this.count === 1 ? "It arrived." : `${this.count} arrived; the newest:`);
    this.place.replaceChildren(
      levelMark(log.level), timeElement(log.timestamp),
      h("bdi", { class: "arrival-message" }, visible(clip(log.message.slice(0, messageAtMost * 4).replace(/\s+/g, " ").trim(), messageAtMost))),
      log.group === null ? h("span") : h("bdi", { class: "arrival-group" }, visible(log.group)));
    if (this.link.hidden) {
      this.link.replaceChildren(
        h("button", { type: "button", class: "plain-button", onclick: () => this.open() }, "Show it"),
        h("button", { type: "button", class: "link-button", onclick: () => this.again() }, "Wait for another"));
      this.link.hidden = false;
    }
  }

  private open(): void {
    if (this.newest !== null) changeView({ page: "logs", group: this.newest.group, level: null, q: "", since: "1h", until: null, log: this.newest.id });
  }

  private again(): void {
    this.wait();
    this.refreshed();
  }
}

customElements.define("log-arrival", LogArrival);
