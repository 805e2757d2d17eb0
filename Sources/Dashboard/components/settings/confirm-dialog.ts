// A question before something that cannot be undone. The browser's own dialog element keeps the focus and knows Escape.
import { h } from "../dom";

let number = 0;

/** Asks; whether the answer was yes. It stands in `owner`, and goes with it. */
export function confirmed(owner: HTMLElement, question: { title: string; words: string; action: string }): Promise<boolean> {
  return new Promise((resolve) => {
    const id = `question-${++number}`;
    const dialog: HTMLDialogElement = h("dialog", { class: "question", "aria-labelledby": id },
      h("h3", { id }, question.title), h("p", {}, question.words),
      h("div", { class: "question-answers" },
        h("button", { type: "button", class: "plain-button", autofocus: true, onclick: () => dialog.close("") }, "Cancel"),
        h("button", { type: "button", class: "danger-button", onclick: () => dialog.close("yes") }, question.action)));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    owner.append(dialog);
    dialog.showModal();
  });
}
