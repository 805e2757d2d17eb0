// The picker: the usual ranges, a range of one's own, the time zone, how times are shown, and a link to all that.
import { hubNow } from "../api/hub-clock";
import { spanMs, spanText, timestamp, rangeOf } from "../pages/range";
import { addressOf, changeView, currentView, isEmbedded, lastingAddress } from "../pages/view";
import { copyText } from "./copy";
import { h, icon, setText, show } from "./dom";
import { fullTime, typedTime } from "./format";
import { readTyped } from "./typed-time";
import { allZones, isZone, offsetText, ownZone, wallTime } from "./zone";

const ranges: [string, string][] = [
  ["15m", "15 minutes"], ["1h", "1 hour"], ["3h", "3 hours"], ["6h", "6 hours"], ["12h", "12 hours"], ["24h", "24 hours"], ["48h", "48 hours"],
];

/** Sends `done` when something was chosen. */
export class RangePicker extends HTMLElement {
  private readonly usual = new Map<string, HTMLButtonElement>();
  private readonly from = timeInput("range-from", "From", "2026-11-23 14:00, or 90m");
  private readonly to = timeInput("range-to", "To", "empty: now, and live");
  private readonly problem = h("p", { class: "form-problem", id: "range-problem", role: "alert", hidden: true });
  private readonly zone = h("input", { class: "field", id: "range-zone", list: "zones", autocomplete: "off", spellcheck: "false", placeholder: "Any zone: Europe/Oslo", "aria-describedby": "zone-problem" });
  private readonly zones = h("datalist", { id: "zones" });
  private readonly zoneProblem = h("p", { class: "form-problem", id: "zone-problem", role: "alert", hidden: true });
  private readonly zoneChoices = new Map<string, HTMLButtonElement>();
  private readonly timeChoices = new Map<boolean, HTMLButtonElement>();
  private readonly copied = h("p", { class: "copied", role: "status", hidden: true });
  private readonly link = h("input", { class: "field", readonly: true, "aria-label": "The link", hidden: true });

  connectedCallback(): void {
    if (this.childElementCount > 0) return;
    this.hidden = true;
    this.setAttribute("role", "dialog");
    this.setAttribute("aria-label", "Time range");
    this.append(this.usualPart(), h("div", { class: "range-parts" }, this.ownPart(), this.zonePart(), this.shownPart(), isEmbedded ? null : this.linkPart()));
  }

  /** Shows what is chosen now; the picker is being opened. */
  begin(): void {
    const view = currentView();
    const { zone } = view;
    for (const [value, button] of this.usual) button.setAttribute("aria-pressed", String(value === view.since && view.until === null));
    const range = rangeOf(view);
    this.from.typed.value = spanMs(view.since) !== null && view.until === null ? view.since : typedTime(range.from, zone);
    this.to.typed.value = view.until === null ? "" : typedTime(range.to, zone);
    this.from.follow(zone);
    this.to.follow(zone);
    for (const [name, button] of this.zoneChoices) button.setAttribute("aria-pressed", String(name === (zone ?? "")));
    this.zone.value = zone === null || zone === "UTC" ? "" : zone;
    for (const [relative, button] of this.timeChoices) button.setAttribute("aria-pressed", String(relative === view.relative));
    for (const part of [this.problem, this.zoneProblem, this.copied, this.link]) show(part, false);
    for (const input of [this.from.typed, this.to.typed, this.zone]) input.removeAttribute("aria-invalid");
    if (this.zones.childElementCount === 0) this.zones.append(...allZones().map((name) => h("option", { value: name })));
    ([...this.usual.values()].find((button) => button.getAttribute("aria-pressed") === "true") ?? this.from.typed).focus();
  }

  private done(): void {
    this.dispatchEvent(new CustomEvent("done"));
  }

  private usualPart(): HTMLElement {
    const part = h("div", { class: "range-usual", role: "group", "aria-label": "The last" }, h("p", { class: "range-title" }, "The last"));
    for (const [value, name] of ranges) {
      const button = h("button", { type: "button", class: "range-choice", "aria-pressed": "false", onclick: () => { changeView({ since: value, until: null }); this.done(); } }, name);
      this.usual.set(value, button);
      part.append(button);
    }
    return part;
  }

  private ownPart(): HTMLElement {
    return h("form", { class: "range-own", onsubmit: (event) => { event.preventDefault(); this.apply(); } },
      this.from.element, this.to.element, this.problem,
      h("button", { type: "submit", class: "main-button" }, "Show this range"));
  }

  private apply(): void {
    const { zone } = currentView();
    const now = hubNow();
    const fail = (words: string, input: HTMLInputElement): void => {
      setText(this.problem, words);
      show(this.problem, true);
      input.setAttribute("aria-invalid", "true");
      input.focus();
    };
    for (const input of [this.from.typed, this.to.typed]) input.removeAttribute("aria-invalid");
    const typedFrom = this.from.typed.value.trim().toLowerCase();
    const typedTo = this.to.typed.value.trim();
    const from = readTyped(typedFrom, zone, now);
    const to = readTyped(typedTo, zone, now);
    const forms = "Write 2026-11-23 14:00, 14:00, or 90m for 90 minutes ago.";
    if (typedFrom === "" || Number.isNaN(from)) return fail(typedFrom === "" ? `From when? ${forms}` : `\u201c${typedFrom.slice(0, 40)}\u201d is no time. ${forms}`, this.from.typed);
    if (Number.isNaN(to)) return fail(`\u201c${typedTo.slice(0, 40)}\u201d is no time. ${forms}`, this.to.typed);
    if (from >= now) return fail("The range begins in the future.", this.from.typed);
    if (from >= to) return fail("The range ends before it begins.", this.to.typed);
    const span = spanMs(typedFrom.replace(/\s+/g, "").replace(/ago$/, ""));
    const isLive = typedTo === "" || typedTo.toLowerCase() === "now" || to >= now;
    changeView({ since: isLive && span !== null ? spanText(span) : timestamp(from), until: isLive ? null : timestamp(to) });
    this.done();
  }

  private zonePart(): HTMLElement {
    const choices = h("div", { class: "range-choices", role: "group", "aria-label": "Time zone" });
    const own = ownZone();
    for (const [value, name] of [["", `Local (${own}, ${offsetText(Date.now(), null)})`], ["UTC", "UTC"]] as const) {
      const button = h("button", { type: "button", class: "range-choice", "data-zone": value, "aria-pressed": "false", onclick: () => this.choose(value) }, name);
      this.zoneChoices.set(value, button);
      choices.append(button);
    }
    this.zone.addEventListener("change", () => this.choose(this.zone.value.trim()));
    this.zone.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); this.choose(this.zone.value.trim()); } });
    return h("div", { class: "range-part" }, h("label", { class: "range-title", for: "range-zone" }, "Time zone"), choices, this.zone, this.zones, this.zoneProblem);
  }

  private choose(name: string): void {
    // Names are written as one likes; the database has one way.
    const zone = allZones().find((known) => known.toLowerCase() === name.toLowerCase()) ?? name;
    const isKnown = zone === "" || isZone(zone);
    setText(this.zoneProblem, isKnown ? "" : `This browser knows no zone \u201c${zone.slice(0, 40)}\u201d.`);
    show(this.zoneProblem, !isKnown);
    if (!isKnown) return;
    changeView({ zone: zone === "" ? null : zone });
    const focus = document.activeElement;
    this.begin();
    if (focus instanceof HTMLElement && this.contains(focus)) focus.focus();
  }

  private shownPart(): HTMLElement {
    const choices = h("div", { class: "range-choices", role: "group", "aria-label": "Times are shown" });
    for (const [relative, name] of [[false, "By the clock"], [true, "How long ago"]] as const) {
      const button = h("button", { type: "button", class: "range-choice", "aria-pressed": "false", onclick: () => {
        changeView({ relative });
        for (const [each, other] of this.timeChoices) other.setAttribute("aria-pressed", String(each === relative));
      } }, name);
      this.timeChoices.set(relative, button);
      choices.append(button);
    }
    return h("div", { class: "range-part" }, h("p", { class: "range-title" }, "Times are shown"), choices);
  }

  private linkPart(): HTMLElement {
    const copy = (lasting: boolean): void => void this.copy(lasting);
    return h("div", { class: "range-part" }, h("p", { class: "range-title" }, "Link to this view"),
      h("div", { class: "range-choices" },
        h("button", { type: "button", class: "range-choice", onclick: () => copy(false) }, icon("M5 5V2h9v9h-3M2 5h9v9H2z"), "Copy link"),
        h("button", { type: "button", class: "range-choice", title: "The link keeps showing this very time, also tomorrow", onclick: () => copy(true) }, icon("M5 5V2h9v9h-3M2 5h9v9H2z"), "Copy with fixed times")),
      this.copied, this.link);
  }

  private async copy(lasting: boolean): Promise<void> {
    const view = currentView();
    const address = location.origin + (lasting ? lastingAddress(view) : addressOf(view));
    const isCopied = await copyText(address);
    show(this.link, !isCopied);
    if (!isCopied) {
      this.link.value = address;
      this.link.focus();
      this.link.select();
    }
    const range = rangeOf(view);
    setText(this.copied, !isCopied ? "This browser copies on secure pages only: copy the link below." : lasting ? `Copied, for ${fullTime(range.from)} to ${fullTime(range.to)}.` : "Copied.");
    show(this.copied, true);
  }
}

customElements.define("range-picker", RangePicker);

interface TimeInput {
  element: HTMLElement;
  typed: HTMLInputElement;
  /** Brings the calendar's field to what is typed. */
  follow(zone: string | null): void;
}

/** A field to type a time into, and beside it the browser's own calendar and clock. */
function timeInput(id: string, name: string, placeholder: string): TimeInput {
  const typed = h("input", { class: "field", id, placeholder, autocomplete: "off", spellcheck: "false", "aria-describedby": "range-problem" });
  const picked = h("input", { class: "field range-calendar", type: "datetime-local", step: "1", "aria-label": `${name}: calendar and clock`, title: "Calendar and clock" });
  const two = (value: number): string => String(value).padStart(2, "0");
  const follow = (zone: string | null): void => {
    const ms = typed.value.trim() === "" ? NaN : readTyped(typed.value, zone);
    if (Number.isNaN(ms)) {
      picked.value = "";
      return;
    }
    const wall = wallTime(ms, zone);
    picked.value = `${String(wall.year).padStart(4, "0")}-${two(wall.month)}-${two(wall.day)}T${two(wall.hour)}:${two(wall.minute)}:${two(wall.second)}`;
  };
  picked.addEventListener("input", () => { if (picked.value !== "") typed.value = picked.value.replace("T", " ").replace(/^(\S+ \d\d:\d\d):00$/, "$1"); });
  typed.addEventListener("input", () => follow(currentView().zone));
  return { element: h("div", { class: "range-time" }, h("label", { for: id, class: "range-title" }, name), h("div", { class: "range-inputs" }, typed, picked)), typed, follow };
}
