// How to send a log, and whether it arrived: the overview shows it while nothing is stored, the page "Send logs" always.
import { h } from "../dom";
import "./log-arrival";
import "./recipe-tabs";

class FirstLog extends HTMLElement {
  connectedCallback(): void {
    if (this.childElementCount > 0) return;
    this.append(document.createElement("log-arrival"),
      h("p", { class: "first-words" }, "Straight to the hub, or by an agent, which keeps logs on its disk while the hub is away and takes syslog, JSON and files."),
      document.createElement("recipe-tabs"));
  }
}

customElements.define("first-log", FirstLog);
