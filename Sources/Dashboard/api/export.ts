// All logs of a query as a file, read as it is sent. The hub cuts the connection without a proper end when the rest cannot
// be read, so a stream that ended by itself is a whole file.
import { Query, Unreachable, hubError, queryText, request } from "./client";
import { credentials } from "./token";
import { isObject, number } from "./types";

export type ExportFormat = "csv" | "json" | "ndjson";

/** Where the bytes go. */
export interface ExportSink {
  write(part: Uint8Array): Promise<void>;
}

export function exportAddress(query: Query, format: ExportFormat): string {
  const parameters = queryText(query);
  parameters.set("format", format);
  return `/api/logs/export?${parameters}`;
}

/** How many logs a query has now. */
export async function countOf(query: Query, signal: AbortSignal): Promise<number> {
  const parameters = queryText(query);
  parameters.set("interval", "1d");
  const { body } = await request(`/api/histogram?${parameters}`, { signal });
  return (isObject(body) ? number(body.total) : null) ?? 0;
}

/**
 * Reads the file into a sink. `progress` hears of bytes and logs so far. Throws HubError when the hub says no, Unreachable
 * when no answer came, ExportCut when the file is not whole.
 */
export async function readExport(
  query: Query, format: ExportFormat, sink: ExportSink, signal: AbortSignal, progress: (bytes: number, logs: number) => void,
): Promise<void> {
  let response: Response;
  try {
    response = await fetch(exportAddress(query, format), { ...credentials(), signal, cache: "no-store" });
  } catch {
    throw new Unreachable();
  }
  if (!response.ok || response.body === null) throw await hubError(response);
  const reader = response.body.getReader();
  let bytes = 0;
  const counter = new LogCounter(format);
  for (;;) {
    let part: ReadableStreamReadResult<Uint8Array>;
    try {
      part = await reader.read();
    } catch {
      throw new ExportCut(bytes);
    }
    if (part.done || part.value === undefined) break;
    bytes += part.value.byteLength;
    counter.read(part.value);
    try {
      await sink.write(part.value);
    } catch (error) {
      void reader.cancel().catch(() => undefined);
      throw error;
    }
    progress(bytes, counter.logs);
  }
}

/** The stream ended before the file did. */
export class ExportCut extends Error {
  constructor(readonly bytes: number) {
    super("The hub cut the file before its end: something could not be read, or the connection broke.");
  }
}

/** Lines that are no log: CSV begins with names, JSON with a bracket that ends in a last line. */
const linesBeside: Record<ExportFormat, number> = { csv: 1, json: 2, ndjson: 0 };

/** Counts the logs of a file as its bytes go by: a log is a line, and a line's end within CSV's quotes is none. */
class LogCounter {
  private lines = 0;
  private isQuoted = false;
  private readonly hasQuotes: boolean;

  constructor(private readonly format: ExportFormat) {
    this.hasQuotes = format === "csv";
  }

  get logs(): number {
    return Math.max(0, this.lines - linesBeside[this.format]);
  }

  read(part: Uint8Array): void {
    for (const byte of part) {
      if (byte === 0x0a) this.lines += this.isQuoted ? 0 : 1;
      // A quote within quotes is written twice, which changes nothing.
      else if (byte === 0x22 && this.hasQuotes) this.isQuoted = !this.isQuoted;
    }
  }
}
