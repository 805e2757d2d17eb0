// The groups joined into a tree, with what each holds. A parent counts all below it.
import { Group, LevelCounts, levels, noCounts } from "../../api/types";

/** A part of a group's name, with all that lies below it. */
export interface GroupNode {
  path: string;
  name: string;
  depth: number;
  count: number;
  levels: LevelCounts;
  newest: string | null;
  /** Null: the hub does not say it of every group. */
  rate: number | null;
  /** Logs of just this group. */
  own: number;
  children: GroupNode[];
  /** What the filter looks in. */
  folded: string;
}

/** Of one listing there is one tree, however many panels ask for it. */
const trees = new WeakMap<Group[], GroupNode>();

/** Joins the groups into a tree; the returned node stands for all of them. */
export function treeOf(groups: Group[]): GroupNode {
  const known = trees.get(groups);
  if (known !== undefined) return known;
  const root = node("", "", 0);
  const nodes = new Map<string, GroupNode>();
  for (const group of groups) {
    add(group, root);
    let parent = root;
    for (let start = 0, depth = 1; start <= group.name.length; depth++) {
      const colon = group.name.indexOf(":", start);
      const end = colon < 0 ? group.name.length : colon;
      const path = group.name.slice(0, end);
      let child = nodes.get(path);
      if (child === undefined) {
        child = node(path, group.name.slice(start, end), depth);
        nodes.set(path, child);
        parent.children.push(child);
      }
      add(group, child);
      parent = child;
      start = end + 1;
    }
    parent.own = group.count;
  }
  trees.set(groups, root);
  return root;
}

function add(group: Group, to: GroupNode): void {
  to.count += group.count;
  to.rate = to.rate === null || group.rate === null ? null : to.rate + group.rate;
  for (const level of levels) to.levels[level] += group.levels[level];
  if (group.newest !== null && (to.newest === null || group.newest > to.newest)) to.newest = group.newest;
}

function node(path: string, name: string, depth: number): GroupNode {
  return { path, name, depth, count: 0, levels: noCounts(), newest: null, rate: 0, own: 0, children: [], folded: path.toLowerCase() };
}

/** How many nodes lie below, counted no further than needed. */
export function countOf(root: GroupNode, enough: number): number {
  let count = root.children.length;
  for (const child of root.children) {
    if (count > enough) break;
    count += countOf(child, enough - count);
  }
  return count;
}
