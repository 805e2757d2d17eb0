// What a log says, made harmless to read: a log comes from anywhere, and must not be able to reorder or hide the text
// around it (Unicode bidirectional controls, "Trojan Source") nor to show control characters as nothing.

const hidden = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF]/g;

/** The text with invisible controls written out: ␛ for ESC, ⟨U+202E⟩ for a right-to-left override. */
export function visible(text: string): string {
  return text.replace(hidden, (character) => {
    const code = character.charCodeAt(0);
    if (code === 0x0d) return "";
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    if (code === 0x7f) return "\u2421";
    return `\u27e8U+${code.toString(16).toUpperCase().padStart(4, "0")}\u27e9`;
  });
}

/** At most so many characters, never cut within a pair of surrogates. */
export function clip(text: string, length: number): string {
  if (text.length <= length) return text;
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? length - 1 : length) + "\u2026";
}
