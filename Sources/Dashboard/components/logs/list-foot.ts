// What stands below the last row: that these are all, that there are older ones, or why they could not be had.
import { h } from "../dom";

/** `full`: the list can hold no more; `gap`: its end, but some above were skipped; empty: nothing is to be said. */
export type FootState = "" | "more" | "loading" | "problem" | "end" | "full" | "gap";

export interface FootActions {
  older(): void;
  reload(): void;
  /** Shows what lies beyond, in a list that begins there. */
  beyond(): void;
}

export class ListFoot {
  readonly element = h("div", { class: "list-foot" });
  private shown = "";

  constructor(private readonly actions: FootActions) {}

  /** At two thousand logs a second this is asked ten times a second: nothing is made anew that says the same. */
  show(state: FootState, problem = ""): void {
    const key = `${state} ${problem}`;
    if (this.shown === key) return;
    this.shown = key;
    this.element.replaceChildren(...this.parts(state, problem));
  }

  private parts(state: FootState, problem: string): (Node | string)[] {
    const { older, reload, beyond } = this.actions;
    const button = (name: string, act: () => void): HTMLElement => h("button", { type: "button", class: "link-button", onclick: act }, name);
    switch (state) {
      case "": return [];
      case "more": return [button("Show older logs", older)];
      case "loading": return [h("span", { role: "status" }, "Loading older logs\u2026")];
      case "problem": return [h("span", { role: "alert" }, `The older logs could not be loaded: ${problem} `), button("Try again", older)];
      case "full": return ["This list holds no more than what is above. ", button("Go on from here", beyond)];
      case "gap": return ["The oldest of this time. Some above were skipped. ", button("Load again", reload)];
      case "end": return ["These are all."];
    }
  }
}
