// Saves all logs of the view as a file: how many there are, how far it is, and whether the file is whole.
//
// A browser that lets a page write a file gets it as it is read. Others collect it in memory up to a bound; a larger one is
// left to the browser's own download, unless the page has only a token (embedded), which no download can carry.
import { HubError, Query, Unreachable } from "../../api/client";
import { ExportCut, ExportFormat, countOf, exportAddress, readExport } from "../../api/export";
import { isEmbedded } from "../../pages/view";
import { h, show } from "../dom";
import { bytes as sizeText, fullNumber } from "../format";
import { visible } from "../visible-text";

/** The largest file that is collected in memory. */
const memoryAtMost = 64 << 20;
/** More logs than this surely make a larger file than that. */
const logsInMemoryAtMost = 300_000;

/** A file that is written as it is read; abort leaves nothing behind. */
interface FileWriter {
  write(part: Uint8Array): Promise<void>;
  close(): Promise<void>;
  abort(): Promise<void>;
}
type FilePicker = (options: { suggestedName: string }) => Promise<{ createWritable(): Promise<FileWriter> }>;

/** The file is larger than what is collected in memory. */
class TooLarge extends Error {}

const formats: [ExportFormat, string][] = [["csv", "CSV"], ["json", "JSON"], ["ndjson", "NDJSON (a log a line)"]];
const types: Record<ExportFormat, string> = { csv: "text/csv", json: "application/json", ndjson: "application/x-ndjson" };

export class ExportDialog {
  private abort = new AbortController();
  private format: ExportFormat = "csv";
  private estimate: number | null = null;
  private running = false;
  private readonly count = h("p", { role: "status" }, "Counting\u2026");
  private readonly bar = h("progress", { "aria-label": "Progress", hidden: true });
  private readonly state = h("p", { class: "export-state", role: "status" });
  private readonly save = h("button", { type: "button", class: "main-button", onclick: () => void this.run() }, "Save");
  private readonly cancel = h("button", { type: "button", class: "small-button", onclick: () => this.stopOrClose() }, "Cancel");
  private readonly choice = h("fieldset", { class: "formats" }, h("legend", {}, "Format"), ...formats.map(([value, name]) =>
    h("label", {}, h("input", { type: "radio", name: "export-format", value, checked: value === "csv", onchange: () => { this.format = value; } }), name)));
  private readonly dialog = h("dialog", { class: "dialog export-dialog", "aria-label": "Export" },
    h("h2", {}, "Export these logs"), this.what(), this.count, this.choice, this.bar, this.state, h("div", { class: "dialog-buttons" }, this.cancel, this.save));

  constructor(private readonly query: Query) {
    this.dialog.addEventListener("close", () => {
      this.abort.abort();
      this.dialog.remove();
    });
    this.dialog.addEventListener("cancel", (event) => {
      if (!this.running) return;
      event.preventDefault();
      this.abort.abort();
    });
  }

  open(): void {
    document.body.append(this.dialog);
    this.dialog.showModal();
    void this.estimateCount();
  }

  private what(): HTMLElement {
    const { group, level, q, since, until } = this.query;
    const parts = [group === null ? "All groups" : visible(group), level === null ? "all levels" : `${level} and above`, ...(q === "" ? [] : [`search ${visible(q)}`]), `from ${since}${until === null ? " to now" : ` to ${until}`}`];
    return h("p", { class: "export-what" }, h("bdi", {}, parts.join(", ")));
  }

  private async estimateCount(): Promise<void> {
    try {
      this.estimate = await countOf(this.query, this.abort.signal);
      this.count.textContent = `About ${fullNumber(this.estimate)} logs.`;
    } catch (error) {
      this.count.textContent = this.abort.signal.aborted ? "" : `They could not be counted: ${error instanceof Error ? error.message : ""}`;
    }
  }

  private async run(): Promise<void> {
    const name = `komfyrvakt-${(this.query.group ?? "all").replace(/[^\w-]+/g, "-").slice(0, 60)}.${this.format}`;
    const picker = (window as { showSaveFilePicker?: FilePicker }).showSaveFilePicker;
    let writer: FileWriter | null = null;
    if (picker !== undefined && !isEmbedded) {
      try {
        writer = await (await picker.call(window, { suggestedName: name })).createWritable();
      } catch (error) {
        if (error instanceof DOMException && error.name === "AbortError") return;
        // Not allowed here: the file is collected as in other browsers.
      }
    }
    if (writer === null && !isEmbedded && (this.estimate ?? 0) > logsInMemoryAtMost) {
      this.leaveToBrowser(name);
      return;
    }
    this.begin();
    const parts: Uint8Array[] = [];
    let size = 0;
    const collect = async (part: Uint8Array): Promise<void> => {
      size += part.byteLength;
      if (size > memoryAtMost) throw new TooLarge();
      parts.push(part);
    };
    try {
      await readExport(this.query, this.format, { write: writer === null ? collect : (part: Uint8Array) => writer?.write(part) ?? Promise.resolve() }, this.abort.signal, (bytes, rows) => this.progress(bytes, rows));
      await writer?.close();
      if (writer === null) saveBlob(new Blob(parts as BlobPart[], { type: types[this.format] }), name);
      this.finish(`${this.state.textContent ?? ""} The file is whole.`, false);
    } catch (error) {
      await writer?.abort().catch(() => undefined);
      this.failed(error, name);
    }
  }

  private begin(): void {
    this.running = true;
    this.abort = new AbortController();
    this.save.disabled = true;
    this.choice.disabled = true;
    this.cancel.textContent = "Stop";
    this.state.className = "export-state";
    this.state.textContent = "Waiting for the hub\u2026";
    show(this.bar, true);
    if (this.estimate !== null && this.estimate > 0) this.bar.max = this.estimate;
    else this.bar.removeAttribute("value");
  }

  private progress(bytes: number, rows: number): void {
    if (this.estimate !== null && this.estimate > 0) this.bar.value = Math.min(rows, this.estimate);
    this.state.textContent = `${fullNumber(rows)} logs, ${sizeText(bytes)}.`;
  }

  private failed(error: unknown, name: string): void {
    if (this.abort.signal.aborted) this.finish("Stopped: no file was saved.", true);
    else if (error instanceof TooLarge && !isEmbedded) this.leaveToBrowser(name);
    else if (error instanceof TooLarge) this.finish(`The file is larger than ${sizeText(memoryAtMost)}, which a page within another cannot save. Choose a shorter time.`, true);
    else if (error instanceof ExportCut) this.finish(`${error.message} After ${sizeText(error.bytes)}; no file was saved.`, true);
    else if (error instanceof HubError || error instanceof Unreachable) {
      this.finish(error instanceof HubError && error.status === 429 ? `${error.message} Try again in a moment.` : error.message, true);
      if (error instanceof HubError && error.status === 401) {
        this.dialog.close();
        document.querySelector("app-frame")?.dispatchEvent(new CustomEvent("signed-out", { bubbles: true }));
      }
    } else this.finish(`The file could not be written: ${error instanceof Error ? error.message : String(error)}`, true);
  }

  /** The browser's own download carries the session's cookie, and reports a cut by itself. */
  private leaveToBrowser(name: string): void {
    const link = h("a", { href: exportAddress(this.query, this.format), download: name });
    document.body.append(link);
    link.click();
    link.remove();
    this.finish("The browser downloads it: its list of downloads shows how far it is, and whether it failed.", false);
  }

  private finish(text: string, isProblem: boolean): void {
    this.running = false;
    this.state.textContent = text;
    this.state.classList.toggle("problem", isProblem);
    this.save.disabled = false;
    this.choice.disabled = false;
    this.cancel.textContent = "Close";
    show(this.bar, false);
  }

  private stopOrClose(): void {
    if (this.running) this.abort.abort();
    else this.dialog.close();
  }
}

/** How long a browser may take to begin reading what was saved. */
const blobKeptMs = 60_000;

function saveBlob(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  const link = h("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), blobKeptMs);
}
