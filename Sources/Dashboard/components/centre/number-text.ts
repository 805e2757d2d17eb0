// Numbers of unknown units: as many digits as tell values apart, and no more.
import { shortNumber } from "../format";

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const digits = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 4 });

/** 0.0123, 21.77, 1,591, 12.3M, 1.2e-7 */
export function figure(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return "\u2013";
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 1e15 || size < 1e-4) return value.toExponential(1).replace("e+", "e");
  const text = size >= 1e7 ? shortNumber(size) : size >= 1_000 ? whole.format(size) : digits.format(size);
  return value < 0 ? `\u2212${text}` : text;
}

/** For an axis whose ticks are so far apart: 0.5, 20, 3,950, 1.5k; as many digits as tell them apart. */
export function axisFigure(value: number, step: number): string {
  const size = Math.abs(value);
  if (size === 0 || size < 1e5 || size >= 1e15) return figure(Number(value.toPrecision(6)));
  for (const [unit, scale] of [["k", 1e3], ["M", 1e6], ["G", 1e9], ["T", 1e12]] as const) {
    if (size >= scale * 999.5 && scale < 1e12) continue;
    const digits = Math.min(3, Math.max(0, Math.ceil(-Math.log10(step / scale) - 1e-9)));
    return `${value < 0 ? "\u2212" : ""}${(size / scale).toFixed(digits)}${unit}`;
  }
  return figure(value);
}

/** How a count compares with the one before: `+12 %`, `3.1 times`, `same`; empty where nothing can be said. */
export function changeText(now: number, before: number): string {
  if (before === 0) return now === 0 ? "same" : "none before";
  const ratio = now / before;
  if (ratio >= 2) return `${ratio < 9.95 ? ratio.toFixed(1).replace(".0", "") : shortNumber(ratio)} times`;
  const percent = Math.round((ratio - 1) * 100);
  return percent === 0 ? "same" : percent > 0 ? `+${percent} %` : `\u2212${-percent} %`;
}
