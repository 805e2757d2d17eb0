// Where on a page one is, in the address's fragment: `#how=curl`, `#part=keys`. It belongs to the page that is shown, and
// goes when another one is: the view (pages/view.ts) is what all pages share. Nothing secret is ever put here.

const wordsAtMost = 200;

/** A word of the place; null: not said. */
export function placeWord(name: string): string | null {
  const word = words().get(name);
  return word === null || word === "" || word.length > wordsAtMost ? null : word;
}

/** Says where one is, without a step for `back`; null takes a word out. */
export function setPlace(change: Record<string, string | null>): void {
  const all = words();
  for (const [name, word] of Object.entries(change)) {
    if (word === null || word === "") all.delete(name);
    else all.set(name, word);
  }
  const text = all.toString();
  history.replaceState(history.state, "", location.pathname + location.search + (text === "" ? "" : `#${text}`));
}

/** Hears when the reader goes to another place by an address; the answer ends that. */
export function onPlace(listener: () => void): () => void {
  window.addEventListener("hashchange", listener);
  return () => window.removeEventListener("hashchange", listener);
}

function words(): URLSearchParams {
  return new URLSearchParams(location.hash.slice(1));
}
