// JSON in which numbers keep every digit: one that would be written otherwise (12345678901234567890, 21.50) stays the
// text that was sent, in a `RawNumber`. Browsers hand a reviver that text (`context.source`); where one does not, it rounds as it always did.

/** A number as it was sent, where a double would be written with other digits. */
export class RawNumber {
  constructor(readonly source: string) {}
}

export type Json = null | boolean | number | string | RawNumber | Json[] | JsonObject;
export interface JsonObject {
  [name: string]: Json;
}

type Reviver = (this: unknown, name: string, value: unknown, context?: { source?: string }) => unknown;

const keepDigits: Reviver = (_name, value, context) => {
  if (typeof value !== "number") return value;
  const source = context?.source;
  return source === undefined || String(value) === source ? value : new RawNumber(source);
};

/** Reads JSON. Throws a SyntaxError. */
export function parseJson(body: string): Json {
  return JSON.parse(body, keepDigits as (name: string, value: unknown) => unknown) as Json;
}
