// How to send logs, from whatever there is.
import "../components/settings/first-log";
import { h } from "../components/dom";

class SendPage extends HTMLElement {
  connectedCallback(): void {
    if (this.childElementCount > 0) return;
    this.append(h("div", { class: "page-scroller" }, h("div", { class: "page-body" },
      h("div", { class: "page-head" }, h("h2", {}, "Send logs"), h("p", {}, "Pick what sends, copy the lines, and watch the log arrive.")),
      h("section", { class: "card" }, document.createElement("first-log")),
      h("p", { class: "page-foot" }, "All routes to try out: ", h("a", { href: "/api/docs", target: "_blank", rel: "noreferrer" }, "/api/docs"),
        ". The examples folder of the sources has each of these as a whole program."))));
  }
}

customElements.define("send-page", SendPage);
