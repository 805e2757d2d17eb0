// Which cards the reader has folded: remembered by this browser.
import { recall, remember } from "../memory";

const storageName = "komfyrvakt-folded";
/** More cards than there are. */
const keysAtMost = 32;

export function isFolded(key: string): boolean {
  return read().includes(key);
}

export function setFolded(key: string, folded: boolean): void {
  const keys = read().filter((other) => other !== key);
  if (folded) keys.push(key);
  remember(storageName, keys.slice(-keysAtMost).join(" "));
}

function read(): string[] {
  return (recall(storageName) ?? "").split(" ").filter((key) => key !== "");
}
