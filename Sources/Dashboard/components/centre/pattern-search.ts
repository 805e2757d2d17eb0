// From a pattern to the search that finds its messages: its constant words, as phrases of the message.

/** What stands for a variable in a template. */
const variable = /<(?:num|hex|uuid|ip|path|str|\*)>/;
export const variables = /(<(?:num|hex|uuid|ip|path|str|\*)>)/;
/** The longest phrases say enough; the hub takes 64 terms. */
const phrasesAtMost = 3;
const wordsAtMost = 12;

/** A search, or null when a template has no constant words. */
export function searchFor(template: string): string | null {
  const phrases: string[][] = [[]];
  for (const word of template.split(/\s+/)) {
    // A word that holds a variable ends the phrase: it is another word each time.
    if (word === "" || variable.test(word)) phrases.push([]);
    else phrases[phrases.length - 1]?.push(word);
  }
  const said = phrases.map((phrase, place) => ({ place, text: wordsOnly(phrase.slice(0, wordsAtMost).join(" ")) }))
    .filter((phrase) => /[\p{L}\p{N}_]{2}/u.test(phrase.text));
  said.sort((a, b) => b.text.length - a.text.length);
  const chosen = said.slice(0, phrasesAtMost).sort((a, b) => a.place - b.place);
  if (chosen.length === 0) return null;
  return chosen.map((phrase) => `message:"${phrase.text.replace(/[\\"]/g, "\\$&")}"`).join(" ");
}

/** A phrase begins and ends with a word: signs around it may belong to a variable. */
function wordsOnly(text: string): string {
  return text.replace(/^[^\p{L}\p{N}_]+/u, "").replace(/[^\p{L}\p{N}_]+$/u, "");
}

/** A search within a search. */
export function both(left: string, right: string): string {
  if (left.trim() === "" || left.trim() === "*") return right;
  return /\bOR\b|\|\|/.test(left) ? `(${left}) ${right}` : `${left} ${right}`;
}
