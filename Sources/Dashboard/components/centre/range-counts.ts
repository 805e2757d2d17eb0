// The counts of the chosen range, asked for once for all who show them: verdict, figures and volume never contradict one
// another. With the range before, to compare.
import { Query } from "../../api/client";
import { Bucket, histogram, totalsOf } from "../../api/counts";
import { hubNow } from "../../api/hub-clock";
import { hub } from "../../api/hub-state";
import { LevelCounts } from "../../api/types";
import { Range, rangeOf, timestamp } from "../../pages/range";
import { View, currentView, onView, queryOf, sameLogs } from "../../pages/view";
import { chosen } from "./group-path";
import { intervalFor } from "./intervals";
import { Refresher, settleMs } from "./refresher";

const pauseMs = 10_000;
const bars = 96;
/** As many as the hub gives to a chart of this page, and some. */
const bucketsAtMost = 2_000;
/** Of so many views, the counts are shown at once on a quick way back, until they are counted anew. */
const recentAtMost = 8;
const recentMs = 60_000;
/** The range before is over: what came late is all that changes in it. */
const beforeKeptMs = 300_000;

export interface RangeCounts {
  query: Query;
  /** From when to when, by the hub's clock. */
  range: Range;
  /** It ends now, and moves. */
  live: boolean;
  intervalMs: number;
  /** Every interval of the range, those without logs too. */
  buckets: Bucket[];
  totals: LevelCounts;
  total: number;
  /** The range before; null: it is not kept, or not whole. */
  before: { totals: LevelCounts; total: number } | null;
  partial: boolean;
}

export interface CountsListener {
  /** Something else is asked for: what is known is of before. */
  asking(): void;
  counted(counts: RangeCounts): void;
  failed(error: unknown): void;
}

class CountSource {
  private readonly listeners = new Set<CountsListener>();
  private newest: RangeCounts | null = null;
  private readonly recent = new Map<string, RangeCounts>();
  private before: { address: string; at: number; totals: LevelCounts; total: number } | null = null;
  private endings: (() => void)[] = [];
  private errorsSeen = -1;
  private readonly refresher = new Refresher((signal) => this.ask(signal), pauseMs, () => true, () => currentView().until === null);

  /** Hears of counts as long as it wants to; the first listener begins the asking, the last one's end ends it. */
  subscribe(listener: CountsListener): () => void {
    this.listeners.add(listener);
    if (this.listeners.size === 1) this.start();
    else if (this.newest !== null) listener.counted(this.newest);
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) this.stop();
    };
  }

  again(): void {
    for (const listener of this.listeners) listener.asking();
    this.refresher.now();
  }

  private start(): void {
    this.endings = [
      onView((view, before) => this.follow(view, before)),
      hub.subscribe({ refreshed: () => this.hear(), troubled: (trouble) => { if (trouble === null) this.refresher.now(); } }),
    ];
    this.refresher.start();
  }

  private stop(): void {
    for (const end of this.endings) end();
    this.refresher.stop();
    this.newest = null;
    this.recent.clear();
    this.before = null;
    this.errorsSeen = -1;
  }

  private follow(view: View, before: View): void {
    if (sameLogs(view, before)) return;
    this.newest = this.recall(view);
    for (const listener of this.listeners) {
      if (this.newest !== null) listener.counted(this.newest);
      listener.asking();
    }
    this.refresher.now(settleMs);
  }

  /** The groups' counts come more often and cost less: an error more, or a first log, is a reason to count anew. */
  private hear(): void {
    const view = currentView();
    if (hub.snapshot === null || (view.until !== null && this.errorsSeen !== -1)) return;
    let errors = 0;
    let logs = 0;
    for (const group of chosen(hub.snapshot.groups, view.group)) {
      errors += group.levels.error + group.levels.critical;
      logs += group.count;
    }
    const first = this.newest !== null && this.newest.total === 0 && logs > 0 && view.level === null && view.q === "";
    // Only with the first snapshot it is known what is kept of the range before.
    if (this.errorsSeen === -1) this.refresher.now();
    else if (first || errors !== this.errorsSeen) this.refresher.soon();
    this.errorsSeen = errors;
  }

  private async ask(signal: AbortSignal): Promise<boolean> {
    const view = currentView();
    const query = queryOf(view);
    const range = rangeOf(view);
    const intervalMs = intervalFor(range, bars);
    try {
      const [now, before] = await Promise.all([histogram(query, intervalMs, signal), this.askBefore(query, range, signal)]);
      if (signal.aborted) return false;
      this.newest = {
        query, range, live: view.until === null, intervalMs: now.intervalMs, buckets: everyInterval(now.buckets, range, now.intervalMs),
        totals: totalsOf(now.buckets), total: now.total, before, partial: now.partial,
      };
      this.remember(view, this.newest);
      for (const listener of [...this.listeners]) listener.counted(this.newest);
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      for (const listener of [...this.listeners]) listener.failed(error);
      return false;
    }
  }

  private remember(view: View, counts: RangeCounts): void {
    const address = JSON.stringify(queryOf(view));
    this.recent.delete(address);
    this.recent.set(address, counts);
    const [oldest] = this.recent.keys();
    if (this.recent.size > recentAtMost && oldest !== undefined) this.recent.delete(oldest);
  }

  private recall(view: View): RangeCounts | null {
    const counts = this.recent.get(JSON.stringify(queryOf(view)));
    return counts !== undefined && (!counts.live || hubNow() - counts.range.to < recentMs) ? counts : null;
  }

  private async askBefore(query: Query, range: Range, signal: AbortSignal): Promise<RangeCounts["before"]> {
    const length = range.to - range.from;
    const { snapshot } = hub;
    const oldest = Date.parse(snapshot?.stats.oldest ?? "");
    const kept = hubNow() - (snapshot?.stats.retentionHours ?? 48) * 3_600_000;
    // A minute of grace: 24 hours before the last 24 of 48 that are kept.
    if (snapshot === null || Number.isNaN(oldest) || range.from - length < kept - 60_000) return null;
    // Of a hub that is younger than that, half a range before would look like a rise.
    if (oldest > range.from - length * 0.9) return null;
    const address = JSON.stringify(query);
    if (this.before?.address === address && Date.now() - this.before.at < Math.min(beforeKeptMs, length / 10)) return this.before;
    const counted = await histogram({ ...query, since: timestamp(range.from - length), until: timestamp(range.from - 1) }, length, signal);
    this.before = { address, at: Date.now(), totals: totalsOf(counted.buckets), total: counted.total };
    return this.before;
  }
}

/**
 * Intervals without logs are left out of the answer: here they stand with zero. What the hub gave is never left out, should
 * its clock and this page's idea of it differ by a second.
 */
function everyInterval(buckets: Bucket[], range: Range, intervalMs: number): Bucket[] {
  const known = new Map(buckets.map((bucket) => [bucket.start, bucket]));
  const filled: Bucket[] = [];
  const first = Math.min(Math.floor(range.from / intervalMs) * intervalMs, buckets[0]?.start ?? Infinity);
  const end = Math.max(range.to, (buckets[buckets.length - 1]?.start ?? -Infinity) + 1);
  for (let start = first; start < end && filled.length < bucketsAtMost; start += intervalMs) {
    filled.push(known.get(start) ?? { start, count: 0, levels: { debug: 0, info: 0, warning: 0, error: 0, critical: 0 } });
  }
  return filled;
}

export const rangeCounts = new CountSource();
