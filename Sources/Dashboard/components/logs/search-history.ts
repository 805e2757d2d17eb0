// The searches of this browser, newest first.
import { recall, remember } from "../memory";

const storageName = "komfyrvakt-searches";
const searchesAtMost = 50;
/** A longer one is no search that the hub takes. */
const longestSearch = 4_096;

export function pastSearches(): string[] {
  try {
    const list: unknown = JSON.parse(recall(storageName) ?? "[]");
    return Array.isArray(list) ? list.filter((item): item is string => typeof item === "string" && item.length <= longestSearch).slice(0, searchesAtMost) : [];
  } catch {
    return [];
  }
}

export function rememberSearch(q: string): void {
  if (q === "" || q.length > longestSearch) return;
  remember(storageName, JSON.stringify([q, ...pastSearches().filter((item) => item !== q)].slice(0, searchesAtMost)));
}

export function forgetSearches(): void {
  remember(storageName, "[]");
}
