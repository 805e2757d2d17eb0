// How wide the overview's panels are and which are folded: moved by the reader, remembered by this browser, and always
// within what the window has room for.
//
//   ┌ groups ┐┌────── summary, about 70 % ──────┐┌ logs, 30 % ┐
//     pixels      what is left                     a share of what the groups leave
import { recallObject, remember } from "../components/memory";

export type SidePanel = "groups" | "logs";

export interface PanelLayout {
  /** Pixels; null: as wide as usual for this window. */
  groups: number | null;
  /** The logs' share of what the groups leave; null: as usual. */
  logs: number | null;
  folded: Record<SidePanel, boolean>;
}

const storageName = "komfyrvakt-panels";
/** A folded panel is a rail of this width. */
export const railPixels = 32;
const narrowestGroups = 200;
const widestGroups = 560;
const narrowestLogs = 300;
/** The summary is what one came for. */
const narrowestSummary = 320;
const usualShare = 0.3;

/** Reads what was remembered; what is missing or no number is as usual. */
export function recallLayout(): PanelLayout {
  const kept = recallObject(storageName);
  const number = (value: unknown, least: number, most: number): number | null =>
    typeof value === "number" && Number.isFinite(value) ? Math.min(Math.max(value, least), most) : null;
  return {
    groups: number(kept?.groups, narrowestGroups, widestGroups),
    logs: number(kept?.logs, 0.05, 0.9),
    folded: { groups: kept?.foldedGroups === true, logs: kept?.foldedLogs === true },
  };
}

export function rememberLayout(layout: PanelLayout): void {
  remember(storageName, JSON.stringify({ groups: layout.groups, logs: layout.logs, foldedGroups: layout.folded.groups, foldedLogs: layout.folded.logs }));
}

/** Pixels that a panel has, and the least and most it may have, in a window of a width. */
export interface Extent {
  size: number;
  least: number;
  most: number;
}

export function groupsExtent(layout: PanelLayout, width: number, hasLogs: boolean): Extent {
  const usual = width >= 2_000 ? 320 : width >= 1_180 ? 280 : 256;
  const others = narrowestSummary + (hasLogs ? (layout.folded.logs ? railPixels : narrowestLogs) : 0);
  const most = Math.max(narrowestGroups, Math.min(widestGroups, width - others));
  return { size: layout.folded.groups ? railPixels : clamp(layout.groups ?? usual, narrowestGroups, most), least: narrowestGroups, most };
}

export function logsExtent(layout: PanelLayout, width: number): Extent {
  const left = width - groupsExtent(layout, width, true).size;
  const most = Math.max(narrowestLogs, left - narrowestSummary);
  return { size: layout.folded.logs ? railPixels : clamp(Math.round((layout.logs ?? usualShare) * left), narrowestLogs, most), least: narrowestLogs, most };
}

/** The share that a width of the logs is. */
export function logsShare(layout: PanelLayout, width: number, pixels: number): number {
  return pixels / Math.max(1, width - groupsExtent(layout, width, true).size);
}

function clamp(value: number, least: number, most: number): number {
  return Math.round(Math.min(Math.max(value, least), most));
}
