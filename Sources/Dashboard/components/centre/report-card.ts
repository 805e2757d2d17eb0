// The report: what is going wrong, since when, and what to do.
//
// It is asked for by itself only where the hub's own statistics write it (a second, no tokens). A model takes minutes and
// tokens of a daily budget, so it is asked for by a click, however long the page stays open; what this page has of it stays.
import { HubError } from "../../api/client";
import { Finding, Priority, Recommendation, Report, Severity, analyze, reportWriter } from "../../api/analysis";
import { hubNow } from "../../api/hub-clock";
import { hub } from "../../api/hub-state";
import { spanMs } from "../../pages/range";
import { View, changeView, currentView, isEmbedded } from "../../pages/view";
import { h, icon, setText, show } from "../dom";
import { ago, fullNumber, momentText, shortNumber } from "../format";
import { keepingFocus } from "../kept-focus";
import { levelMark } from "../level-mark";
import { clip, visible } from "../visible-text";
import { AskingCard, otherTimes } from "./centre-card";
import { settleMs } from "./refresher";
import { showTime } from "./zoom";

const pauseMs = 60_000;
/** A report of statistics this old, with logs since, is made anew by itself. */
const staleMs = 300_000;
/** The hub keeps reports for two hours. */
const keptMs = 2 * 3_600_000;
const reportsAtMost = 16;
/** Around a finding: so much before it began, and after. */
const beforeMs = 30 * 60_000;
const afterMs = 60 * 60_000;
const actionLength = 1_500;

const severityLevels: Record<Severity, "info" | "warning" | "critical"> = { info: "info", warning: "warning", critical: "critical" };
const priorities: Priority[] = ["high", "medium", "low"];

class ReportCard extends AskingCard {
  private readonly summary = h("p", { class: "report-summary" });
  private readonly findings = h("ol", { class: "findings" });
  private readonly advice = h("div", { class: "advice" });
  private readonly author = h("p", { class: "report-author" });
  private readonly trouble = h("p", { class: "report-trouble warning-note", hidden: true });
  private readonly wait = h("p", { class: "report-wait", role: "status", hidden: true });
  private readonly invitation = h("div", { class: "report-invitation", hidden: true });
  private readonly content = h("div", { class: "report", hidden: true }, this.trouble, this.summary, this.findings, this.advice, this.author);
  private readonly severity = h("span", { class: "report-severity", hidden: true });
  private readonly renew = h("button", { type: "button", class: "quiet-button", title: "Write it anew", "aria-label": "Write the report anew", hidden: true }, icon("M13 3v3.5H9.5M13 6.5A5.5 5.5 0 1 0 13.5 9"));
  private readonly invite = h("button", { type: "button", class: "main-button" }, "Write a report");
  private readonly inviteWords = h("p");
  private readonly reports = new Map<string, Report>();
  private writer: { provider: string; model: string | null } | null = null;
  private wanted: "kept" | "asked" | "anew" = "kept";
  private shown: Report | null = null;
  private hours = 24;
  private waitTimer: number | undefined;

  constructor() {
    super({ key: "report", title: "Report" }, pauseMs);
  }

  protected build(): void {
    this.aside.append(this.severity, this.renew);
    this.invitation.append(this.inviteWords, this.invite);
    this.body.append(this.wait, this.invitation, this.content);
    this.renew.addEventListener("click", () => this.order("anew"));
    this.invite.addEventListener("click", () => this.order("asked"));
  }

  /** Reports are of a group and so many hours back from now; other filters change nothing. */
  protected override follow(view: View, before: View | null): void {
    const { hours } = this;
    this.hours = hoursOf(view) ?? hours;
    if (before !== null && view.group === before.group && this.hours === hours) {
      if (otherTimes(view, before)) this.redraw();
      this.showScope();
      return;
    }
    this.wanted = "kept";
    // A report of one group above the name of another would be wrong, not old.
    this.shown = null;
    show(this.content, false);
    show(this.severity, false);
    show(this.renew, false);
    this.askAnew(before === null ? 0 : settleMs);
  }

  protected override leave(): void {
    super.leave();
    clearInterval(this.waitTimer);
  }

  protected override again(): void {
    this.order(this.wanted);
  }

  protected async ask(view: View, signal: AbortSignal): Promise<string> {
    const { hours } = this;
    const name = `${hours} ${view.group ?? "*"}`;
    this.writer ??= await reportWriter(signal);
    if (signal.aborted) return "";
    // Who was given a link orders nothing: the hub answers with what is kept, or with its statistics.
    const own = this.writer.provider === "statistics";
    const cheap = own || hub.session?.kind === "share";
    const known = this.reports.get(name);
    const isKept = known !== undefined && hubNow() - Date.parse(known.timestamp) < keptMs;
    if (!cheap && this.wanted === "kept") {
      // The hub may have kept it no longer, and would ask the model: what this page has is shown, and only a click orders.
      if (known === undefined || !isKept) this.showInvitation();
      else if (this.shown === known) this.showScope();
      else {
        this.shown = known;
        this.redraw();
      }
      return "";
    }
    const anew = this.wanted === "anew";
    this.beginWait(cheap);
    let report: Report;
    try {
      report = await analyze(view.group, hours, anew, signal);
      if (own && isStale(report) && !signal.aborted) report = await analyze(view.group, hours, true, signal);
    } catch (error) {
      // It was ordered once: what failed is not ordered again by itself.
      if (!signal.aborted) this.wanted = "kept";
      if (!cheap && error instanceof HubError && !signal.aborted) this.showInvitation();
      throw error;
    } finally {
      if (!signal.aborted) this.endWait();
    }
    if (signal.aborted) return "";
    this.wanted = "kept";
    if (this.reports.size >= reportsAtMost) this.reports.delete(this.reports.keys().next().value ?? "");
    this.reports.delete(name);
    this.reports.set(name, report);
    this.shown = report;
    this.redraw();
    return "";
  }

  protected override redraw(): void {
    const report = this.shown;
    if (report === null) return;
    show(this.invitation, false);
    show(this.content, true);
    show(this.renew, mayOrder());
    show(this.severity, true);
    this.severity.className = `report-severity severity-${report.severity}`;
    this.severity.replaceChildren(levelMark(severityLevels[report.severity]), report.severity === "info" ? "nothing grave" : report.severity);
    setText(this.summary, visible(report.summary));
    this.showFindings(report);
    this.showAdvice(report);
    const { analyst } = report;
    setText(this.trouble, analyst.error === null ? "" : `The model did not write it, so the statistics did: ${visible(clip(analyst.error, 400))}`);
    show(this.trouble, analyst.error !== null);
    this.showScope();
  }

  /** A report that was only asked for again says the same: then nothing is made anew under the reader's hands. */
  private showFindings(report: Report): void {
    const lines = report.findings.map((finding) => ({ finding, when: finding.since === null ? "" : `since ${momentText(finding.since)}` }));
    show(this.findings, lines.length > 0);
    if (!says(this.findings, lines)) keepingFocus(this.findings, () => this.findings.replaceChildren(...lines.map(({ finding, when }) => findingLine(finding, when))));
  }

  private showAdvice(report: Report): void {
    const ordered = priorities.flatMap((priority) => report.recommendations.filter((one) => one.priority === priority));
    const own = report.analyst.provider === "statistics";
    if (says(this.advice, [own, ordered])) return;
    keepingFocus(this.advice, () => this.advice.replaceChildren(
      ...(ordered.length > 0 ? [h("h4", {}, "What to do"), h("ol", {}, ...ordered.map((one) => recommendation(one, own)))] : [])));
  }

  /** Who wrote it, when, of what; and what of the view it does not follow. */
  private showScope(): void {
    const report = this.shown;
    if (report === null) return;
    const view = currentView();
    const { analyst } = report;
    const who = analyst.provider === "statistics" ? "Written by the hub's statistics" : `Written by ${visible(analyst.model ?? analyst.provider)}`;
    const tokens = analyst.tokensIn + analyst.tokensOut > 0 ? ` with ${shortNumber(analyst.tokensIn + analyst.tokensOut)} tokens` : "";
    const written = ago(report.timestamp);
    const when = written === "now" ? "just now" : report.cached ? `${written} and kept` : written;
    const since = report.logsSince > 0 ? `, ${fullNumber(report.logsSince)} logs since` : report.cached ? ", no logs since" : "";
    const { hours } = this;
    const scope = ` Of ${fullNumber(report.analyzedLogs)} logs of the last ${hours === 1 ? "hour" : `${hours} hours`}`;
    const filters = view.level !== null || view.q !== "" ? ", whatever level and search are chosen" : "";
    setText(this.author, `${who}${tokens} ${when}${since}.${scope}${filters}.`);
  }

  private order(how: "kept" | "asked" | "anew"): void {
    this.wanted = how;
    this.loading();
    super.again();
  }

  private showInvitation(): void {
    show(this.content, false);
    show(this.renew, false);
    show(this.severity, false);
    show(this.invitation, true);
    const name = this.writer?.model ?? this.writer?.provider ?? "a model";
    show(this.invite, mayOrder());
    if (!mayOrder()) return setText(this.inviteWords, "No report has been written.");
    setText(this.inviteWords, `${visible(name)} writes what is going wrong, since when, and what to do. It is asked only when you say so: it takes up to a few minutes, and tokens.`);
  }

  /** Honest words, and how long it has been. A report that is there stays readable meanwhile. */
  private beginWait(cheap: boolean): void {
    clearInterval(this.waitTimer);
    if (this.shown !== null && this.wanted === "kept") return;
    const begin = Date.now();
    const say = (): void => {
      const seconds = Math.floor((Date.now() - begin) / 1000);
      const who = this.writer?.model ?? this.writer?.provider ?? "the model";
      setText(this.wait, cheap ? "The hub is reading trends and patterns: a second, or a few." : `${visible(who)} is writing: that takes from some seconds to a few minutes.${seconds > 2 ? ` ${seconds} s so far.` : ""}`);
    };
    show(this.invitation, false);
    say();
    show(this.wait, true);
    if (!cheap) this.waitTimer = window.setInterval(say, 1_000);
  }

  private endWait(): void {
    clearInterval(this.waitTimer);
    show(this.wait, false);
  }
}

/** Whether a place has been filled with this already; it is noted. */
function says(place: HTMLElement, content: unknown): boolean {
  const text = JSON.stringify(content);
  if (filled.get(place) === text) return true;
  filled.set(place, text);
  return false;
}

const filled = new WeakMap<HTMLElement, string>();

function findingLine(finding: Finding, when: string): HTMLElement {
  const { since } = finding;
  const jump = since === null ? null : h("button", { type: "button", class: "time-link", title: "Show this time", onclick: () => showTime(since - beforeMs, since + afterMs) },
    icon("M8 4.5V8l2.5 1.5M8 2a6 6 0 1 0 0 12a6 6 0 1 0 0-12"), when);
  return h("li", { class: "finding", "data-key": finding.title }, levelMark(severityLevels[finding.severity]),
    h("div", {}, h("p", { class: "finding-title" }, visible(finding.title), " ", jump), h("p", { class: "finding-more" }, visible(finding.description))));
}

function isStale(report: Report): boolean {
  return report.logsSince > 0 && hubNow() - Date.parse(report.timestamp) > staleMs;
}

/**
 * The whole hours that a live range makes. A stretch that was zoomed to has none: a report goes back from now, and stays
 * while one looks at what it found.
 */
function hoursOf(view: View): number | null {
  const span = view.until === null ? spanMs(view.since) : null;
  if (span === null) return null;
  const hours = Math.ceil(span / 3_600_000 - 0.01);
  return Math.max(1, Math.min(hours, hub.snapshot?.stats.retentionHours ?? 48));
}

/**
 * What to do. The hub's own words name the request that lists the logs: that becomes a way to them. A model's words are
 * never followed, whatever they look like.
 */
function recommendation(one: Recommendation, own: boolean): HTMLElement {
  const action = clip(one.action, actionLength);
  const request = own ? /\s*\(GET \/api\/logs\?([^)\s]{1,1000})\)/.exec(action) : null;
  const single = own ? /: GET \/api\/logs\/(log_\w{1,64})\/context/.exec(action) : null;
  const text = h("p", { class: "advice-text" });
  const link = (words: string, follow: () => void): HTMLElement => h("button", { type: "button", class: "time-link", onclick: follow }, words);
  const found = request ?? single;
  if (found === null) text.append(visible(action));
  else {
    text.append(visible(action.slice(0, found.index)), visible(action.slice(found.index + (found[0] ?? "").length)), " ",
      request !== null ? link("Show these logs", () => followRequest(new URLSearchParams(request[1]))) : link("Open that log", () => changeView({ log: found[1] ?? null, panel: "logs" })));
  }
  return h("li", { class: "advice-line", "data-key": one.action }, h("span", { class: `priority priority-${one.priority}` }, one.priority), text);
}

function followRequest(asked: URLSearchParams): void {
  const view = currentView();
  changeView({ group: asked.get("group") ?? view.group, level: asked.get("level"), q: asked.get("q") ?? "", since: asked.get("since") ?? view.since, until: asked.get("until"), panel: "logs" });
}

/** Who was given a link reads; what costs the hub's owner tokens is not theirs to order. */
function mayOrder(): boolean {
  return !isEmbedded && hub.session?.kind !== "share";
}

customElements.define("report-card", ReportCard);
