// Logs that are lost while the page is open. The hub and its agents count since their start, which may be weeks ago: what
// rose in the last minutes is a trouble of now, what was lost before is a fact.

/** What has not risen for so long is over. */
const lateMs = 15 * 60_000;
/** A look in so long is kept: a rise is told for a minute more or less. */
const lookEveryMs = 30_000;
/** Two for the hub, and one for each agent of a large fleet. */
const countersAtMost = 2_000;

interface Look {
  at: number;
  count: number;
}

/** How much a counter rose of late, over how long that was watched, and what it had counted before. */
export interface Rise {
  late: number;
  overMs: number;
  earlier: number;
}

export const noRise: Rise = { late: 0, overMs: 0, earlier: 0 };

export class LossWatch {
  private readonly looks = new Map<string, Look[]>();
  /** Looks at a counter. One that has begun anew, with its program, has risen by all it says. */
  look(name: string, count: number): Rise {
    const now = performance.now();
    let looks = this.looks.get(name);
    if (looks === undefined) {
      if (this.looks.size >= countersAtMost) this.looks.clear();
      looks = [{ at: now, count }];
      this.looks.set(name, looks);
    }
    const newest = looks[looks.length - 1];
    if (newest !== undefined && count < newest.count) looks.splice(0, looks.length, { at: now, count: 0 });
    else if (newest === undefined || now - newest.at >= lookEveryMs) looks.push({ at: now, count });
    // The oldest that is kept is the last one from before the time that counts.
    while (looks.length > 1 && now - (looks[1]?.at ?? now) >= lateMs) looks.shift();
    const before = looks[0] ?? { at: now, count };
    return { late: count - before.count, overMs: now - before.at, earlier: before.count };
  }
}
