// Keys and share tokens. A secret is in one answer only, and goes from there to the reader's eyes alone.
import { HubError, request } from "./client";
import { Json } from "./json";
import { isObject, number, text } from "./types";

export const scopes = ["ingest", "read", "admin"] as const;
export type Scope = (typeof scopes)[number];

/** A key or share token as it is listed; what it is made of is not known to the hub either. */
export interface Key {
  id: string;
  kind: "key" | "share";
  name: string;
  scopes: string[];
  /** The pattern that bounds it; null: all groups. */
  group: string | null;
  created: string;
  expires: string | null;
  expired: boolean;
  /** To the hour; null: never. */
  lastUsed: string | null;
  /** Requests a minute; null: the usual. */
  rateLimit: number | null;
}

/** What a new key may. */
export interface KeyWish {
  name: string;
  scopes: Scope[];
  group?: string;
  /** Hours. */
  expires_in?: number;
  /** RFC 3339. */
  expires_at?: string;
  /** A text that is no number goes as it is: the hub says what is wrong with it. */
  rate_limit?: number | string;
}

export interface ShareWish {
  group: string;
  hours: number | string;
  name?: string;
}

/** What was made, with the secret that stands nowhere else. */
export interface Made {
  key: Key;
  secret: string;
}

export async function keys(): Promise<Key[]> {
  const { body } = await request("/api/keys");
  const list = isObject(body) && Array.isArray(body.keys) ? body.keys : [];
  return list.map(readKey).filter((key): key is Key => key !== null);
}

export async function makeKey(wish: KeyWish): Promise<Made> {
  return made(await post("/api/keys", wish), "key");
}

export async function makeShare(wish: ShareWish): Promise<Made> {
  return made(await post("/api/share", wish), "token");
}

/** Ends a key or share token; it counts for a few seconds more. */
export async function revokeKey(id: string): Promise<void> {
  await request(`/api/keys/${encodeURIComponent(id)}`, { method: "DELETE" });
}

async function post(address: string, wish: KeyWish | ShareWish): Promise<Json> {
  const { body } = await request(address, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(wish) });
  return body;
}

function made(body: Json, member: "key" | "token"): Made {
  const key = readKey(body);
  const secret = isObject(body) ? text(body[member]) : null;
  if (key === null || secret === null) throw new HubError(200, "The hub's answer cannot be read. If the list shows the new key, revoke it and make another.");
  return { key, secret };
}

function readKey(value: Json): Key | null {
  if (!isObject(value) || typeof value.id !== "string") return null;
  return {
    id: value.id,
    kind: value.kind === "share" ? "share" : "key",
    name: text(value.name) ?? "",
    scopes: Array.isArray(value.scopes) ? value.scopes.filter((scope): scope is string => typeof scope === "string") : [],
    group: text(value.group),
    created: text(value.created) ?? "",
    expires: text(value.expires),
    expired: value.expired === true,
    lastUsed: text(value.last_used),
    rateLimit: number(value.rate_limit),
  };
}
