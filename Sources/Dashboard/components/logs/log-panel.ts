// The logs that the view means: a listing, and live from there on while the view has no end. The opened log is the view's
// too; one that is outside of the list is shown above it.
import { HubError, Unreachable, logs } from "../../api/client";
import { hubNow } from "../../api/hub-clock";
import { hub } from "../../api/hub-state";
import { LogStream, StreamState } from "../../api/log-stream";
import { Log } from "../../api/types";
import { rangeOf, spanMs } from "../../pages/range";
import { View, changeView, currentView, onView, queryOf, sameLogs } from "../../pages/view";
import { h, icon, setText, show } from "../dom";
import { emptyState } from "./empty-state";
import { ExportDialog } from "./export-dialog";
import { LogList } from "./log-list";
import { OutsideLog } from "./outside-log";
import { hitsOf } from "./query-terms";

const firstPageSize = 200;
const olderPageSize = 500;
/** A list narrower than this has two lines a log whatever the page. */
const wideFromPixels = 760;
/** Days turn, times that say how long ago grow, and logs fall out of the range. */
const timesAgainMs = 10_000;
/** After an error that passes, with nothing shown. */
const againMs = 5_000;
/** "Around this time" shows this much before and after. */
const aroundMs = 5 * 60_000;

export class LogPanel extends HTMLElement {
  private stream: LogStream | null = null;
  private next: string | null = null;
  /** Which view an answer belongs to: a late one for another is dropped. */
  private generation = 0;
  private streamState: StreamState = "connecting";
  /** The stream stood and broke: until it stands again it is being connected anew. */
  private isBroken = false;
  private endings: (() => void)[] = [];
  /** The log stays open though the query changes: it was asked for so. */
  private keepsOpen = false;
  /** The beginning of the list (`epoch`) whose older page is being fetched. */
  private fetching = -1;
  private asks = 0;
  private shownAsk = 0;
  private timesTimer: number | undefined;

  private readonly list = new LogList();
  private readonly outside = new OutsideLog();
  private readonly liveText = h("span");
  private readonly live = h("span", { class: "live", role: "status" }, h("span", { class: "live-dot", "aria-hidden": "true" }), this.liveText);
  private readonly pause = h("button", { type: "button", class: "quiet-button pause-button" });
  private readonly problem = h("div", { class: "list-note error-note", role: "alert", hidden: true });
  private readonly partial = h("p", { class: "list-note warning-note", role: "status", hidden: true }, "Redis does not answer: only what the hub\u2019s memory holds is shown.");
  private readonly sizes = new ResizeObserver(() => this.restyle());

  /** Columns and one line a log where there is room. */
  prefersWide = false;
  /** What stands at the beginning of its head. */
  headTools: Node[] = [];

  connectedCallback(): void {
    if (this.childElementCount === 0) this.build();
    this.endings = [
      onView((view, before) => this.follow(view, before)),
      hub.subscribe({
        troubled: (trouble) => { if (trouble === null) this.recovered(); },
        // Redis is back: what the hub's memory alone did not hold can be had again.
        refreshed: ({ partial, health }) => {
          if (partial || !health.healthy || this.partial.hidden) return;
          show(this.partial, false);
          void this.fetchNewest(true);
        },
      }),
    ];
    document.addEventListener("move-log", this.moved);
    document.addEventListener("open-log", this.toggled);
    document.addEventListener("keydown", this.escaped);
    this.sizes.observe(this);
    this.timesTimer = window.setInterval(() => {
      this.list.expire();
      this.restyle();
    }, timesAgainMs);
    this.restyle();
    this.apply(currentView());
  }

  disconnectedCallback(): void {
    for (const end of this.endings) end();
    document.removeEventListener("move-log", this.moved);
    document.removeEventListener("open-log", this.toggled);
    document.removeEventListener("keydown", this.escaped);
    this.sizes.disconnect();
    clearInterval(this.timesTimer);
    this.stream?.close();
    this.generation += 1;
  }

  private build(): void {
    const save = h("button", { type: "button", class: "quiet-button export-button", title: "Export", "aria-label": "Export these logs", onclick: () => new ExportDialog(queryOf(currentView())).open() },
      icon("M8 2v8M4.5 7L8 10.5L11.5 7M2.5 13.5h11"));
    this.append(h("div", { class: "panel-head" }, ...this.headTools, h("h2", {}, "Newest logs"), this.live, h("span", { class: "spacer" }), save, this.pause),
      this.partial, this.problem, this.outside, this.list);
    this.list.from = rangeBegin;
    this.list.emptyState = () => emptyState(currentView());
    this.pause.addEventListener("click", () => this.list.hold(!this.list.isHeld));
    this.list.addEventListener("held", () => this.showLive());
    this.list.addEventListener("older", () => void this.fetchOlder());
    this.list.addEventListener("reload", () => void this.fetchNewest(true));
    this.list.addEventListener("from-here", (event) => changeView({ until: (event as CustomEvent<Log>).detail.timestamp }));
    this.list.addEventListener("pick", (event) => this.pick((event as CustomEvent<string | null>).detail));
    this.addEventListener("close-log", () => this.pick(null));
    this.addEventListener("step-log", (event) => this.list.step((event as CustomEvent<number>).detail));
    this.addEventListener("around-log", (event) => this.showAround((event as CustomEvent<Log>).detail));
  }

  private follow(view: View, before: View): void {
    if (sameLogs(view, before)) {
      if (view.log !== before.log) this.showOpened(view.log);
      else this.restyle();
      return;
    }
    const stays = this.keepsOpen || view.log !== before.log;
    this.keepsOpen = false;
    if (view.log !== null && !stays) {
      // Another selection: the open log belonged to the one before. Said once all have heard of the selection.
      queueMicrotask(() => changeView({ log: null }, true));
    }
    this.outside.close();
    this.apply(view);
  }

  private apply(view: View): void {
    this.generation += 1;
    this.list.showLoading();
    if (this.list.isHeld) this.list.hold(false);
    this.restyle();
    this.stream?.close();
    this.stream = null;
    this.isBroken = false;
    const generation = this.generation;
    if (view.until === null) {
      this.stream = new LogStream(queryOf(view), {
        opened: (resumed) => {
          if (!resumed) this.list.expectPage();
          void this.fetchNewest(false, !resumed);
        },
        arrived: (arrived: Log[]) => {
          if (generation !== this.generation) return;
          this.list.arrive(arrived);
          hub.nudge();
        },
        skipped: (count) => this.list.skipped(count),
        changed: (state) => {
          this.isBroken = state === "waiting" || (state === "connecting" && this.isBroken);
          this.streamState = state;
          this.showLive();
        },
      });
    }
    show(this.live, view.until === null);
    show(this.pause, view.until === null);
    // Not only when the stream stands: a hub that has no room for another stream still lists.
    void this.fetchNewest(false);
  }

  private restyle(): void {
    const view = currentView();
    this.list.restyle({ wide: this.prefersWide && this.clientWidth >= wideFromPixels, hits: hitsOf(view.q), zone: view.zone });
  }

  private async fetchNewest(anew: boolean, isExpected = false): Promise<void> {
    const generation = this.generation;
    const ask = ++this.asks;
    if (anew) this.list.showLoading();
    try {
      const page = await logs(queryOf(currentView()), firstPageSize);
      // An answer that comes after a later one is of before.
      if (generation !== this.generation || ask < this.shownAsk) return;
      this.shownAsk = ask;
      show(this.problem, false);
      show(this.partial, page.partial);
      if (this.list.showPage(page.logs, page.next !== null, isExpected)) this.next = page.next;
      this.showOpened(currentView().log);
    } catch (error) {
      if (generation === this.generation) this.listProblem(error);
    }
  }

  private async fetchOlder(): Promise<void> {
    const { epoch } = this.list;
    if (this.fetching === epoch) return;
    const generation = this.generation;
    this.fetching = epoch;
    try {
      const query = queryOf(currentView());
      const { oldest } = this.list;
      // Where the list let go of its end, the last page's address leads past it.
      if (this.list.takeLetGo()) this.next = null;
      const from = this.next === null && oldest !== null ? { ...query, until: oldest.timestamp } : query;
      const page = await logs(from, olderPageSize, this.next);
      if (generation !== this.generation || epoch !== this.list.epoch) return;
      this.next = page.next;
      this.list.addOlder(page.logs, page.next !== null);
    } catch (error) {
      if (generation !== this.generation || epoch !== this.list.epoch) return;
      if (error instanceof HubError && error.status === 401) this.leave();
      else if (error instanceof HubError || error instanceof Unreachable) this.list.showEnd("problem", error.message);
      else throw error;
    } finally {
      if (this.fetching === epoch) this.fetching = -1;
    }
  }

  /** An error of a listing: what is on the page stays, when the hub is only away or does not understand the search. */
  private listProblem(error: unknown): void {
    if (error instanceof HubError && error.status === 401) {
      this.leave();
      return;
    }
    if (!(error instanceof Unreachable) && !(error instanceof HubError)) throw error;
    const passes = error instanceof Unreachable || error.status === 408 || error.status === 429 || error.status >= 500;
    if (passes && this.list.count > 0) return;
    const title = passes ? "The hub does not answer now"
      : error instanceof HubError && error.status === 403 ? "This session may not read these logs"
        : error instanceof HubError && error.status === 422 ? "The hub does not understand this search" : "The hub could not list the logs";
    this.list.showProblem(h("div", { class: "empty-state" }, h("p", { class: "empty-title" }, title),
      h("p", {}, passes ? "They are shown as soon as it does." : error.message),
      passes ? h("button", { type: "button", class: "link-button", onclick: () => void this.fetchNewest(true) }, "Try now") : null));
    if (passes) this.askAgain();
    else this.endLive();
  }

  /** What the hub will not list, it will not stream: nothing is live, and nothing reconnects. */
  private endLive(): void {
    this.stream?.close();
    this.stream = null;
    show(this.live, false);
    show(this.pause, false);
  }

  /** What passes is asked for again, however the rest of the page does. */
  private askAgain(): void {
    const { generation } = this;
    window.setTimeout(() => {
      if (generation === this.generation && this.isConnected && this.list.count === 0) void this.fetchNewest(false);
    }, againMs);
  }

  /** Opening is a step that back undoes; going on to another, or closing, is none. */
  private pick(id: string | null): void {
    if (currentView().log !== id) changeView({ log: id }, id === null || currentView().log !== null);
  }

  /** Shows the view's log: in the list when it is there, otherwise above it. */
  private showOpened(id: string | null): void {
    if (this.list.open(id)) {
      this.outside.close();
    } else if (id !== null) {
      void this.outside.showLog(id, hitsOf(currentView().q));
    }
  }

  private showAround(log: Log): void {
    const ms = Date.parse(log.timestamp);
    if (Number.isNaN(ms)) return;
    this.keepsOpen = true;
    changeView({ since: new Date(ms - aroundMs).toISOString(), until: new Date(ms + aroundMs).toISOString(), log: log.id });
  }

  private recovered(): void {
    if (this.stream === null && currentView().until === null) return this.apply(currentView());
    this.stream?.hurry();
    void this.fetchNewest(false);
  }

  private leave(): void {
    this.dispatchEvent(new CustomEvent("signed-out", { bubbles: true }));
  }

  private showLive(): void {
    const held = this.list.isHeld;
    const text = this.isBroken ? "Reconnecting" : this.streamState === "connecting" ? "Connecting" : held ? "Paused" : "Live";
    setText(this.liveText, text);
    this.live.dataset.state = text.toLowerCase();
    const name = held ? "Go on live" : "Pause";
    if (this.pause.title !== name) {
      this.pause.title = name;
      this.pause.setAttribute("aria-label", name);
      this.pause.replaceChildren(icon(held ? "M5 3l8 5l-8 5z" : "M5.5 3v10M10.5 3v10"));
    }
  }

  private readonly moved = (event: Event): void => this.list.step((event as CustomEvent<number>).detail);

  private readonly toggled = (): void => this.list.toggleActive();

  private readonly escaped = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || event.defaultPrevented || currentView().log === null) return;
    if (event.target instanceof Element && event.target.closest("input, textarea, select, dialog, [role=menu]") !== null) return;
    event.preventDefault();
    this.pick(null);
  };
}

/** From when on the view's logs are; in a range that stands still nothing grows too old. */
function rangeBegin(): number {
  const view = currentView();
  return view.until !== null || spanMs(view.since) === null ? -Infinity : rangeOf(view, hubNow()).from;
}

customElements.define("log-panel", LogPanel);
