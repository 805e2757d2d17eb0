// Whether the hub answers and can store: a dot of another shape for each state, with words.
import { hub } from "../../api/hub-state";
import { h, setText } from "../dom";
import { rate } from "../format";
import { HubCondition, hubCondition, onHubCondition } from "./hub-condition";

const words: Record<HubCondition, string> = {
  connecting: "Connecting", healthy: "Healthy", partial: "No Redis", "cannot-store": "Cannot store", no: "Hub says no", away: "No answer",
};

class HealthMark extends HTMLElement {
  private readonly text = h("span", { class: "health-words" });
  private end: () => void = () => undefined;

  connectedCallback(): void {
    if (this.childElementCount === 0) {
      this.setAttribute("role", "status");
      this.append(h("span", { class: "health-dot", "aria-hidden": "true" }), this.text);
    }
    this.end = onHubCondition(() => this.draw());
    this.draw();
  }

  disconnectedCallback(): void {
    this.end();
  }

  private draw(): void {
    const state = hubCondition();
    const { snapshot } = hub;
    if (this.dataset.state !== state) this.dataset.state = state;
    setText(this.text, words[state]);
    const title = state === "healthy" && snapshot !== null
      ? `The hub stores and answers. ${rate(snapshot.stats.ingestRate)} logs a second come in.`
      : state === "cannot-store" && snapshot !== null ? snapshot.health.detail : words[state];
    if (this.title !== title) this.title = title;
  }
}

customElements.define("health-mark", HealthMark);
