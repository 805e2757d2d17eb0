// Which groups a view means, and what lies right below it.
import { Group, LevelCounts, levels, noCounts } from "../../api/types";
import { pathOf } from "../../pages/view";

/** A part of a group's name, with all that lies below it. */
export interface SubGroup {
  path: string;
  name: string;
  count: number;
  levels: LevelCounts;
  newest: string | null;
}

/** The groups that a pattern means; null: all. */
export function chosen(groups: Group[], pattern: string | null): Group[] {
  if (pattern === null) return groups;
  const { path, tree } = pathOf(pattern);
  return groups.filter((group) => group.name === path || (tree && group.name.startsWith(`${path}:`)));
}

/** The next parts of the names below a pattern. */
export function subGroups(groups: Group[], pattern: string | null): SubGroup[] {
  const { path, tree } = pattern === null ? { path: "", tree: true } : pathOf(pattern);
  if (!tree) return [];
  const found = new Map<string, SubGroup>();
  for (const group of groups) {
    if (path !== "" && !group.name.startsWith(`${path}:`)) continue;
    const from = path === "" ? 0 : path.length + 1;
    const end = group.name.indexOf(":", from);
    const own = end === -1 ? group.name : group.name.slice(0, end);
    let part = found.get(own);
    if (part === undefined) {
      part = { path: own, name: own.slice(from), count: 0, levels: noCounts(), newest: null };
      found.set(own, part);
    }
    part.count += group.count;
    for (const level of levels) part.levels[level] += group.levels[level];
    if (group.newest !== null && (part.newest === null || group.newest > part.newest)) part.newest = group.newest;
  }
  return [...found.values()];
}

export { errorsOf } from "../../api/types";
