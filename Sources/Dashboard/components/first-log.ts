// How to send a log: lines to copy. The key itself is never on the page.
import { h, icon } from "./dom";

interface Way {
  name: string;
  hint: string;
  lines: string;
}

function ways(): Way[] {
  const host = location.hostname;
  return [
    {
      name: "curl",
      hint: "Straight to the hub. The key is in the file .env beside the hub.",
      lines: `curl ${location.origin}/api/logs \\\n  -H "Authorization: Bearer $KOMFYRVAKT_API_KEY" \\\n  -H "Content-Type: application/json" \\\n  -d '{"message":"hello","group":"test","level":"info"}'`,
    },
    { name: "syslog", hint: "Through the agent, as routers and servers do.", lines: `logger -d -n ${host} -P 5514 -t myapp "disk almost full"` },
    {
      name: "JSON by UDP",
      hint: "Through the agent, as a microcontroller does. A message is not needed.",
      lines: `echo '{"temperature":21.5,"group":"warehouse:freezer-3"}' |\n  nc -u -w1 ${host} 5515`,
    },
  ];
}

class FirstLog extends HTMLElement {
  connectedCallback(): void {
    if (this.childElementCount > 0) return;
    for (const way of ways()) {
      const code = h("code", {}, way.lines);
      const copy = h("button", { type: "button", class: "quiet-button copy", "aria-label": `Copy the ${way.name} lines`, title: "Copy" }, icon("M5 5V2h9v9h-3M2 5h9v9H2z"));
      copy.addEventListener("click", () => void this.copy(copy, code, way.lines));
      this.append(h("section", { class: "way" },
        h("h4", {}, way.name), h("p", {}, way.hint), h("div", { class: "code" }, h("pre", { tabindex: "0", "aria-label": `${way.name} lines` }, code), copy)));
    }
  }

  private async copy(button: HTMLElement, code: HTMLElement, lines: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(lines);
      button.classList.add("done");
      setTimeout(() => button.classList.remove("done"), 1_200);
    } catch {
      // Browsers give the clipboard to secure pages only: then the lines are selected for the reader's own copy.
      getSelection()?.selectAllChildren(code);
    }
  }
}

customElements.define("first-log", FirstLog);
