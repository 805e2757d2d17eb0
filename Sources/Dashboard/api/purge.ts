// Removing logs for good, and how many that would be.
import { request } from "./client";
import { isObject, number } from "./types";

/** How many logs a pattern means now; null: all that this session may see. */
export async function countOf(pattern: string | null): Promise<number> {
  const parameters = new URLSearchParams();
  if (pattern !== null) parameters.set("group", pattern);
  const { body } = await request(`/api/histogram?${parameters}`);
  return (isObject(body) ? number(body.total) : null) ?? 0;
}

/** Removes the logs of a pattern; null: all. How many they were. */
export async function purge(pattern: string | null): Promise<number> {
  const parameters = new URLSearchParams(pattern === null ? { all: "true" } : { group: pattern });
  const { body } = await request(`/api/purge?${parameters}`, { method: "DELETE" });
  const result = isObject(body) && isObject(body.result) ? body.result : {};
  return number(result.purged) ?? 0;
}
