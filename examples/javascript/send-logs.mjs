// Sends logs with fetch. Node 18 or newer, Deno and Bun; no packages.
//
//   KOMFYRVAKT_API_KEY=kmf_… node send-logs.mjs

import { randomBytes } from "node:crypto";

const url = process.env.KOMFYRVAKT_URL ?? "http://127.0.0.1:8080";
const key = process.env.KOMFYRVAKT_API_KEY;
if (!key) throw new Error("Set KOMFYRVAKT_API_KEY to a key that may ingest.");

// With a number it names a batch: one that is sent again, because its answer was lost, is stored once.
const identity = `javascript.${randomBytes(16).toString("hex")}`;
let sequence = 0;

/** Stores logs; resolves when the hub has them. Waits as long as the hub is away. */
export async function sendLogs(logs) {
  sequence += 1;
  const request = {
    method: "POST",
    headers: {
      Authorization: `Bearer ${key}`,
      "Content-Type": "application/json",
      "Idempotency-Key": `${identity}/${sequence}`,
      Prefer: "return=minimal",
    },
    body: JSON.stringify(logs),
  };
  for (let pauseMs = 500; ; pauseMs = Math.min(pauseMs * 2, 30_000)) {
    try {
      const response = await fetch(`${url}/api/logs/batch`, { ...request, signal: AbortSignal.timeout(10_000) });
      const answer = await response.json();
      if (response.ok) {
        // A log that the hub refuses, for its form or its age, costs the others nothing.
        for (const error of answer.errors ?? []) console.error(`log ${error.index} was refused: ${error.detail}`);
        return answer;
      }
      if ([400, 413, 415, 422].includes(response.status)) throw new RangeError(JSON.stringify(answer.detail));
      console.error(`the hub answered ${response.status}: ${JSON.stringify(answer.detail)}`);
    } catch (error) {
      if (error instanceof RangeError) throw error;
      console.error(`the hub is away: ${error.message}`);
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

const answer = await sendLogs([
  { message: "started", group: "example:javascript", level: "info" },
  { message: "queue is long", group: "example:javascript", level: "warning", data: { waiting: 1240, oldest_s: 31.5 } },
  { message: new Error("no stock for 4711").stack, group: "example:javascript", level: "error", tags: ["orders"] },
]);
console.log(`${answer.ingested} logs are stored`);
