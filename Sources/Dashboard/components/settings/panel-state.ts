// What a panel shows when it has nothing to show: that it is read, that there is nothing, that the hub said no, or that
// this session may not. Never a blank panel, never a wait without a word.
import { HubError } from "../../api/client";
import { hub } from "../../api/hub-state";
import { h, setText, show } from "../dom";
import { visible } from "../visible-text";
import { Trouble } from "./poll";

export class PanelState {
  readonly element = h("div", { class: "panel-state", hidden: true });
  /** Above what is shown, when that is from before. */
  readonly old = h("p", { class: "old-note", role: "status", hidden: true });
  private shown = "";
  private readAt = 0;

  /** Bars of the size of what will be there. */
  loading(rows: number): void {
    if (!this.change("loading")) return;
    this.element.replaceChildren(h("div", { class: "skeleton", role: "status", "aria-label": "Reading", "aria-busy": "true" },
      ...Array.from({ length: rows }, () => h("div", { class: "skeleton-row" }))));
  }

  empty(title: string, words: string, ...more: Node[]): void {
    this.readAt = Date.now();
    show(this.old, false);
    if (!this.change(`empty ${title}`)) return;
    this.element.replaceChildren(h("p", { class: "state-title" }, title), h("p", {}, words), ...more);
  }

  /** Nothing stands in the way: the panel shows what was read now. */
  done(): void {
    this.change("");
    this.readAt = Date.now();
    show(this.old, false);
    show(this.element, false);
  }

  /** The hub does not answer, or says no. `again` asks it once more. */
  troubled(trouble: Trouble, again: () => void): void {
    if (this.readAt > 0) {
      const minutes = Math.floor((Date.now() - this.readAt) / 60_000);
      setText(this.old, `${visible(trouble.message)} What is shown is from ${minutes < 1 ? "less than a minute" : `${minutes} min`} ago.`);
      show(this.old, true);
      return;
    }
    if (trouble instanceof HubError && trouble.status === 403) {
      this.forbidden("This", visible(trouble.message));
      return;
    }
    if (!this.change(`trouble ${trouble.message}`)) return;
    this.element.replaceChildren(h("p", { class: "state-title" }, "This cannot be shown now"), h("p", {}, visible(trouble.message)),
      h("button", { type: "button", class: "plain-button", onclick: again }, "Try again"));
  }

  /** This session lacks a scope. */
  forbidden(what: string, words?: string): void {
    if (!this.change(`forbidden ${what}`)) return;
    this.element.replaceChildren(...permissionNote(what, words));
  }

  private change(state: string): boolean {
    show(this.element, state !== "");
    if (state === this.shown) return false;
    this.shown = state;
    return true;
  }
}

/** Says what a scope is needed for, and who one is. */
export function permissionNote(what: string, words = `${what} needs a key with the admin scope.`): Node[] {
  const { session } = hub;
  const own = session === null ? "" : `You are signed in as \u201c${visible(session.name)}\u201d, which may: ${session.scopes.map(visible).join(", ") || "nothing"}.`;
  return [
    h("p", { class: "state-title" }, "Not with this key"),
    h("p", {}, words), h("p", {}, `${own} Sign out and come in with another key, or by a link of komfyr-hub login.`),
  ];
}
