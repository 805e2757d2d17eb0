// The share token of a page within another page (`?embed=1#token=kms_…`). A cookie does not reach such a page on another
// site, so the token rides with every request as Bearer.
//
// It comes in the fragment, which browsers send to no server. It is taken out of the address at once, so that it is in no
// bookmark, no copied link and no history that is synchronised. Who has a token means the shared view: an address that says
// nothing of `embed=1` gets it then (pages/view.ts reads it so from the beginning). The token is kept in memory, and in this entry's `history.state`:
// that survives a reload of the frame, belongs to this frame alone (two frames of one page with two tokens would share
// sessionStorage), and works where a browser gives a framed page no storage at all.

/** `kms_` and 32 URL-safe characters; a longer one is no token. */
const pattern = /^kms_[\w-]{8,128}$/;

let token: string | null = null;

/** Reads `#token=…` and takes it out of the address; else the one that was read before a reload. */
export function takeToken(): string | null {
  const given = /^#token=([^&]*)/.exec(location.hash)?.[1];
  if (given !== undefined) {
    token = pattern.test(given) ? given : null;
    const parameters = new URLSearchParams(location.search);
    if (parameters.get("embed") !== "1") parameters.set("embed", "1");
    history.replaceState(token === null ? null : { token }, "", `${location.pathname}?${parameters}`);
    return token;
  }
  const state: unknown = history.state;
  const kept = typeof state === "object" && state !== null ? (state as { token?: unknown }).token : undefined;
  token = typeof kept === "string" && pattern.test(kept) ? kept : null;
  return token;
}

/** Whether the address brings a token. */
export function hasTokenAddress(): boolean {
  return location.hash.startsWith("#token=");
}

/** What every request carries: the token instead of any cookie, when there is one. */
export function credentials(headers: HeadersInit = {}): { headers: Headers; credentials: RequestCredentials } {
  const all = new Headers(headers);
  if (token !== null) all.set("Authorization", `Bearer ${token}`);
  return { headers: all, credentials: token === null ? "same-origin" : "omit" };
}

/** The same for a WebSocket, which can carry no header: the protocols that it offers. Without any the cookie counts. */
export function protocols(): string[] {
  return token === null ? [] : ["bearer", token];
}
