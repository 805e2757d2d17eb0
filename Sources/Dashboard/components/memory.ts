// What this browser remembers of how the page is looked at: widths, folds, the theme, searches. A browser may store nothing at all
// (a private window, a framed page), so nothing depends on it.

/** Reads what was remembered; null: nothing, or nothing can be. */
export function recall(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

/** Remembers a text; whether it could. */
export function remember(name: string, text: string): boolean {
  try {
    localStorage.setItem(name, text);
    return true;
  } catch {
    return false;
  }
}

/** Reads what was remembered as JSON; null when it is missing or something else wrote it. */
export function recallObject(name: string): Record<string, unknown> | null {
  const text = recall(name);
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
