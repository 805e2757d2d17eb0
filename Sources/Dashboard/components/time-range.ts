// From when to when: the range that all panels follow. A button says it and opens the picker; beside it are a step back, a
// step forward, and the way back to now.
import { hubNow } from "../api/hub-clock";
import { rangeOf, spanMs, spanText, timestamp } from "../pages/range";
import { changeView, currentView, onView, View } from "../pages/view";
import { h, icon, setText, show } from "./dom";
import { fullTime } from "./format";
import { rangeWords } from "./range-words";
import { RangePicker } from "./range-picker";

class TimeRange extends HTMLElement {
  private readonly words = h("span", { class: "range-words" });
  private readonly button = h("button", { type: "button", class: "field range-button", id: "range", "aria-haspopup": "dialog", "aria-expanded": "false", onclick: () => this.open(this.picker.hidden) },
    icon("M8 2a6 6 0 1 0 0 12A6 6 0 1 0 8 2M8 5v3.5l2 1.5"), this.words);
  private readonly back = stepButton("Earlier: one range back", "M10 3L5 8l5 5", () => this.step(-1));
  private readonly forward = stepButton("Later: one range on", "M6 3l5 5l-5 5", () => this.step(1));
  private readonly live = h("button", { type: "button", class: "field live-button", title: "Back to now, and live", hidden: true, onclick: () => this.goLive() }, "Go live");
  private readonly picker = new RangePicker();
  private end: () => void = () => undefined;

  connectedCallback(): void {
    if (this.childElementCount === 0) {
      this.append(this.back, this.button, this.forward, this.live, this.picker);
      this.picker.addEventListener("done", () => this.open(false, true));
      this.addEventListener("keydown", (event) => {
        if (event.key !== "Escape" || this.picker.hidden) return;
        event.preventDefault();
        event.stopPropagation();
        this.open(false, true);
      });
    }
    this.end = onView((view) => this.follow(view));
    document.addEventListener("pointerdown", this.pressedElsewhere);
    document.addEventListener("focusin", this.pressedElsewhere);
    this.follow(currentView());
  }

  disconnectedCallback(): void {
    this.end();
    document.removeEventListener("pointerdown", this.pressedElsewhere);
    document.removeEventListener("focusin", this.pressedElsewhere);
  }

  private follow(view: View): void {
    setText(this.words, rangeWords(view));
    const range = rangeOf(view);
    this.button.title = `${fullTime(range.from)} to ${view.until === null ? "now" : fullTime(range.to)}`;
    this.button.setAttribute("aria-label", `Time range: ${rangeWords(view)}`);
    this.button.classList.toggle("active", view.until !== null);
    show(this.live, view.until !== null);
    this.forward.disabled = view.until === null;
  }

  /** One length of the range back, or on. A range that reaches now is live again. */
  private step(direction: 1 | -1): void {
    const now = hubNow();
    const view = currentView();
    const { from, to } = rangeOf(view, now);
    const length = view.until === null ? (spanMs(view.since) ?? to - from) : to - from;
    const end = to + direction * length;
    if (end >= now) changeView({ since: spanText(length), until: null });
    else changeView({ since: timestamp(end - length), until: timestamp(end) });
  }

  /** Back to now, with a range of the same length when that is one that people use. */
  private goLive(): void {
    const { from, to } = rangeOf(currentView());
    changeView({ since: spanText(Math.max(60_000, Math.ceil((to - from) / 60_000) * 60_000)), until: null });
    this.button.focus();
  }

  private open(isOpen: boolean, focusButton = false): void {
    if (this.picker.hidden === !isOpen) return;
    show(this.picker, isOpen);
    this.button.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) this.picker.begin();
    else if (focusButton) this.button.focus();
  }

  private readonly pressedElsewhere = (event: Event): void => {
    if (!this.picker.hidden && event.target instanceof Node && !this.contains(event.target)) this.open(false);
  };
}

customElements.define("time-range", TimeRange);

function stepButton(name: string, path: string, act: () => void): HTMLButtonElement {
  return h("button", { type: "button", class: "quiet-button", "aria-label": name, title: name, onclick: act }, icon(path));
}

