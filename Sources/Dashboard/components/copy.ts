// Copying to the clipboard, and saying so where it was asked.
import { h, icon } from "./dom";

const saidForMs = 1_500;
const copyPath = "M5 5V2h9v9h-3M2 5h9v9H2z";
const donePath = "M3 8.5l3.5 3.5L13 4.5";

/** A button that copies what `text` gives when it is pressed. */
export function copyButton(name: string, text: () => string): HTMLButtonElement {
  const button = h("button", { type: "button", class: "small-button" }, name);
  button.addEventListener("click", () => {
    void copyText(text()).then((done) => {
      button.textContent = done ? "Copied" : "Not copied";
      setTimeout(() => { button.textContent = name; }, saidForMs);
    });
  });
  return button;
}

/** The same as a picture, with its word beside it while that is said. What cannot be copied is selected, for the reader's own copy. */
export function copyIcon(label: string, from: HTMLElement): HTMLButtonElement {
  const said = h("span", { class: "copy-word", "aria-live": "polite" });
  const picture = h("span", {}, icon(copyPath));
  const button = h("button", { type: "button", class: "quiet-button copy", "aria-label": `Copy: ${label}`, title: "Copy" }, picture, said);
  const show = (word: string, path: string): void => {
    said.textContent = word;
    picture.replaceChildren(icon(path));
    button.classList.toggle("done", word !== "");
  };
  button.addEventListener("click", () => {
    void copyText(from.textContent ?? "").then((done) => {
      if (!done) getSelection()?.selectAllChildren(from);
      show(done ? "Copied" : "Selected: press Ctrl+C", done ? donePath : copyPath);
      setTimeout(() => show("", copyPath), saidForMs);
    });
  });
  return button;
}

/** Copies; answers whether it did. */
export async function copyText(text: string): Promise<boolean> {
  try {
    // Only pages from https or this machine have it.
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text: string): boolean {
  const before = document.activeElement;
  const place = h("textarea", { class: "off-page", "aria-hidden": "true", tabindex: "-1" });
  place.value = text;
  document.body.append(place);
  place.select();
  try {
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    place.remove();
    if (before instanceof HTMLElement) before.focus({ preventScroll: true });
  }
}
