// How the hub is, as far as this page knows: what the mark in the header and the banner both say.
import { Unreachable } from "../../api/client";
import { hub } from "../../api/hub-state";

export type HubCondition = "connecting" | "healthy" | "partial" | "cannot-store" | "no" | "away";

/** The gravest that is true. */
export function hubCondition(): HubCondition {
  const { trouble, snapshot } = hub;
  if (trouble !== null) return trouble instanceof Unreachable ? "away" : "no";
  if (snapshot === null) return "connecting";
  if (!snapshot.health.healthy) return "cannot-store";
  return snapshot.partial ? "partial" : "healthy";
}

/** Hears of all that may change it; the answer ends that. */
export function onHubCondition(listener: () => void): () => void {
  return hub.subscribe({ refreshed: listener, troubled: listener });
}
