// What time it is at the hub, which gives logs their place: a reader's own clock may be wrong by hours. Every answer
// carries the hub's time (`Date`, to the second), and the difference is kept.

/** The header has full seconds and is made anew once a second; a clock that is nearer than this counts as right. */
const slackMs = 2_000;
/** The header is of the second that has begun: half of it has passed, mostly. */
const halfSecondMs = 500;

let aheadMs = 0;

/** Now, in milliseconds since 1970, by the hub's clock. */
export function hubNow(): number {
  return Date.now() + aheadMs;
}

/** Hears the `Date` of an answer that has come just now. */
export function hearHubClock(header: string | null): void {
  const told = Date.parse(header ?? "");
  if (Number.isNaN(told)) return;
  const ahead = told + halfSecondMs - Date.now();
  if (Math.abs(ahead - aheadMs) > slackMs) aheadMs = Math.abs(ahead) > slackMs ? ahead : 0;
}
