// The agents that send to this hub.
import { h } from "../components/dom";
import "../components/settings/agent-list";

class AgentsPage extends HTMLElement {
  connectedCallback(): void {
    if (this.childElementCount > 0) return;
    this.append(h("div", { class: "page-scroller" }, h("div", { class: "page-body page-wide" },
      h("div", { class: "page-head" }, h("h2", {}, "Agents"), h("p", {}, "Each tells of itself every half minute; late after two of its intervals without a sign, silent after ten.")),
      document.createElement("agent-list"))));
  }
}

customElements.define("agents-page", AgentsPage);
