// Groups that reported regularly and have stopped, judged by all that is kept of them: a group that has been silent for
// longer than the chosen range is missed all the same. The list of groups says who is quiet for long; whether that is a
// silence, and not the group's way, only the hub's series of it can tell: asked once for each group and its last log.
import { groups } from "../../api/client";
import { histogram } from "../../api/counts";
import { hubNow } from "../../api/hub-clock";
import { series } from "../../api/series";
import { Group } from "../../api/types";

/** Fewer logs than these show no habit. */
const logsAtLeast = 12;
const quietMs = 10 * 60_000;
/** A pause of so many usual pauses is worth a question. */
const pausesAtLeast = 4;
/** Questions in one round: a hub with thousands of quiet groups is asked on, not flooded. */
const questionsAtMost = 8;
/** Who was quiet but not silent is asked of again after this. */
const againMs = 5 * 60_000;
/** How many logs a group has in all changes slowly. */
const countsKeptMs = 60_000;
const groupsAtMost = 5_000;
const intervalMs = 300_000;

export interface Silence {
  group: string;
  /** When it began, in milliseconds since 1970. */
  since: number;
  text: string;
}

export class SilenceWatch {
  private readonly known = new Map<string, { newest: string; at: number; silence: Silence | null }>();
  private counted: { at: number; counts: Map<string, number> } | null = null;

  /** The silent ones among the groups; those that are not asked of yet come with a later call. The groups' counts may be of any range. */
  async look(listed: Group[], retentionHours: number, signal: AbortSignal): Promise<Silence[]> {
    const now = hubNow();
    const counts = await this.countsOf(signal);
    const quiet = listed.map((group) => ({ name: group.name, newest: group.newest ?? "", count: counts.get(group.name) ?? 0 })).filter(({ newest, count }) => {
      const usual = (retentionHours * 3_600_000) / Math.max(1, count);
      return count >= logsAtLeast && now - Date.parse(newest) > Math.max(quietMs, Math.min(usual, 3_600_000) * pausesAtLeast);
    });
    // The busiest is missed most.
    quiet.sort((a, b) => b.count - a.count);
    let questions = 0;
    for (const group of quiet) {
      const known = this.known.get(group.name);
      const due = known === undefined || known.newest !== group.newest || (known.silence === null && now - known.at > againMs);
      if (!due || questions >= questionsAtMost) continue;
      questions++;
      const silence = await this.ask(group.name, retentionHours, signal);
      if (signal.aborted) return [];
      if (this.known.size > groupsAtMost) this.known.clear();
      this.known.set(group.name, { newest: group.newest, at: now, silence });
    }
    const silences: Silence[] = [];
    for (const group of quiet) {
      const known = this.known.get(group.name);
      if (known !== undefined && known.newest === group.newest && known.silence !== null) silences.push(known.silence);
    }
    return silences;
  }

  /** How many logs of each group are kept in all. */
  private async countsOf(signal: AbortSignal): Promise<Map<string, number>> {
    const now = performance.now();
    if (this.counted === null || now - this.counted.at > countsKeptMs) {
      const { groups: all } = await groups(null, signal);
      this.counted = { at: now, counts: new Map(all.map((group) => [group.name, group.count])) };
    }
    return this.counted.counts;
  }

  private async ask(group: string, retentionHours: number, signal: AbortSignal): Promise<Silence | null> {
    const query = { group, level: null, q: "", since: `${retentionHours}h`, until: null };
    // From its first log on: what was before is no pause of this group's.
    const first = (await histogram(query, intervalMs, signal)).buckets[0];
    if (first === undefined) return null;
    // A field that no log has: the counts alone are wanted.
    const found = await series({ ...query, since: new Date(first.start).toISOString() }, ["\u2205"], intervalMs, signal);
    const trend = found.trends.find((candidate) => candidate.kind === "silent" && candidate.subject === "count");
    return trend === undefined ? null : { group, since: trend.from, text: trend.text };
  }
}
