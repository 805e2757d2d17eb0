// JSON for copying, every number with the digits that were sent.
import { Json, RawNumber } from "../../api/json";
import { Log } from "../../api/types";

/** A log as the hub answers it. */
export function logText(log: Log): string {
  return jsonText(log as unknown as Json);
}

export function jsonText(value: Json, indent = ""): string {
  if (value instanceof RawNumber) return value.source;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  const isList = Array.isArray(value);
  const members = isList
    ? value.map((item) => jsonText(item, inner))
    : Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}: ${jsonText(member, inner)}`);
  const [open, close] = isList ? ["[", "]"] : ["{", "}"];
  return members.length === 0 ? `${open}${close}` : `${open}\n${inner}${members.join(`,\n${inner}`)}\n${indent}${close}`;
}
