// What is wrong between this page and the hub, what still works, since when, and when it is tried again. Only the words
// that stay are read out; the seconds beside them count for the eye.
import { hub } from "../../api/hub-state";
import { h, setText, show } from "../dom";
import { age, timeText } from "../format";
import { HubCondition, hubCondition, onHubCondition } from "./hub-condition";

class TroubleBanner extends HTMLElement {
  private readonly words = h("span", { role: "alert" });
  private readonly seconds = h("span", { class: "banner-seconds", "aria-hidden": "true" });
  private readonly again = h("button", { type: "button", class: "link-button", onclick: () => hub.hurry() }, "Try now");
  private end: () => void = () => undefined;
  private timer: number | undefined;

  connectedCallback(): void {
    if (this.childElementCount === 0) {
      this.classList.add("banner");
      this.append(this.words, " ", this.seconds, " ", this.again);
    }
    this.end = onHubCondition(() => this.draw());
    this.draw();
  }

  disconnectedCallback(): void {
    this.end();
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private draw(): void {
    const condition = hubCondition();
    const isTrouble = condition === "away" || condition === "no";
    const words = this.wordsOf(condition);
    setText(this.words, words);
    show(this, words !== "");
    this.classList.toggle("mild", !isTrouble);
    show(this.again, isTrouble);
    show(this.seconds, isTrouble);
    if (isTrouble && this.timer === undefined) this.timer = window.setInterval(() => this.count(), 1_000);
    if (!isTrouble) {
      clearInterval(this.timer);
      this.timer = undefined;
    }
    this.count();
  }

  private wordsOf(condition: HubCondition): string {
    const { snapshot, trouble } = hub;
    switch (condition) {
      case "away": return this.awayWords();
      case "no": return `The hub says: ${trouble?.message ?? ""}`;
      case "cannot-store":
        return `The hub cannot store logs now. ${snapshot?.health.detail ?? ""}${snapshot?.partial === true ? " What its memory holds is still shown." : " What is stored is still shown."} Agents keep their logs and send them later.`;
      case "partial": return "The hub does not reach its Redis: only what its memory holds is shown.";
      default: return "";
    }
  }

  private awayWords(): string {
    const last = hub.lastAnswer;
    return last === null ? "The hub does not answer." : `The hub does not answer. What is shown is of ${timeText(new Date(last).toISOString())}.`;
  }

  private count(): void {
    if (hub.trouble === null) return;
    const last = hub.lastAnswer;
    const waitMs = hub.nextAsk === null ? 0 : hub.nextAsk - Date.now();
    const since = last === null ? "" : `No good answer for ${ageWords(last)}. `;
    setText(this.seconds, since + (waitMs > 0 ? `Asking again in ${Math.ceil(waitMs / 1_000)} s.` : "Asking now\u2026"));
  }
}

function ageWords(ms: number): string {
  const words = age(new Date(ms).toISOString());
  return words === "now" ? "a moment" : words;
}

customElements.define("trouble-banner", TroubleBanner);
