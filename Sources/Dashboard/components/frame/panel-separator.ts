// The line between two panels: dragged, moved by arrow keys, put back by a double click (ARIA's window splitter).
import { h } from "../dom";

/** Pixels of an arrow key; with Shift, and by page keys, more. */
const stepPixels = 16;
const leapPixels = 64;

interface Bounds {
  size: number;
  least: number;
  most: number;
}

/** Sends `move` with the panel's wanted width, `settle` when a move is over, `reset` for the usual width, `fold`. */
export class PanelSeparator extends HTMLElement {
  private bounds: Bounds = { size: 0, least: 0, most: 0 };
  private grabbed: { pointer: number; at: number; size: number } | null = null;
  private readonly fold = h("button", { type: "button", class: "fold-button", onclick: () => this.dispatchEvent(new CustomEvent("fold")) });
  private readonly line = h("div", { class: "separator-line", role: "separator", tabindex: "0", "aria-orientation": "vertical" });

  /** `side`: on which side of the line the panel is that it sizes. */
  constructor(private readonly side: "left" | "right" = "left", private readonly panel = "", icon: Node | null = null) {
    super();
    if (icon !== null) this.fold.append(icon);
  }

  connectedCallback(): void {
    if (this.childElementCount > 0) return;
    this.line.setAttribute("aria-label", `Width of ${this.panel}`);
    this.line.title = "Drag, or use the arrow keys; a double click resets";
    this.fold.setAttribute("aria-label", `Fold ${this.panel}`);
    this.fold.title = `Fold ${this.panel} (${this.side === "left" ? "[" : "]"})`;
    this.append(this.line, this.fold);
    this.line.addEventListener("pointerdown", (event) => this.grab(event));
    this.line.addEventListener("pointermove", (event) => this.drag(event));
    this.line.addEventListener("pointerup", () => this.release());
    this.line.addEventListener("pointercancel", () => this.release());
    this.line.addEventListener("lostpointercapture", () => this.release());
    this.line.addEventListener("dblclick", () => this.dispatchEvent(new CustomEvent("reset")));
    this.line.addEventListener("keydown", (event) => this.pressed(event));
  }

  /** Says how wide the panel is. */
  show(bounds: Bounds): void {
    this.bounds = bounds;
    this.line.setAttribute("aria-valuenow", String(bounds.size));
    this.line.setAttribute("aria-valuemin", String(bounds.least));
    this.line.setAttribute("aria-valuemax", String(bounds.most));
    this.line.setAttribute("aria-valuetext", `${bounds.size} pixels`);
  }

  private grab(event: PointerEvent): void {
    if (event.button !== 0) return;
    this.line.setPointerCapture(event.pointerId);
    this.grabbed = { pointer: event.pointerId, at: event.clientX, size: this.bounds.size };
    this.classList.add("grabbed");
  }

  private drag(event: PointerEvent): void {
    if (this.grabbed === null || event.pointerId !== this.grabbed.pointer) return;
    const moved = event.clientX - this.grabbed.at;
    this.move(this.grabbed.size + (this.side === "left" ? moved : -moved));
  }

  private release(): void {
    if (this.grabbed === null) return;
    this.grabbed = null;
    this.classList.remove("grabbed");
    this.dispatchEvent(new CustomEvent("settle"));
  }

  private pressed(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { size, least, most } = this.bounds;
    const step = (event.shiftKey ? leapPixels : stepPixels) * (this.side === "left" ? 1 : -1);
    switch (event.key) {
      case "ArrowRight": this.move(size + step); break;
      case "ArrowLeft": this.move(size - step); break;
      case "PageUp": this.move(size + leapPixels); break;
      case "PageDown": this.move(size - leapPixels); break;
      case "Home": this.move(least); break;
      case "End": this.move(most); break;
      case "Enter": this.dispatchEvent(new CustomEvent("fold")); break;
      case "Backspace":
      case "Delete": this.dispatchEvent(new CustomEvent("reset")); break;
      default: return;
    }
    event.preventDefault();
    event.stopPropagation();
    this.dispatchEvent(new CustomEvent("settle"));
  }

  private move(size: number): void {
    const { least, most } = this.bounds;
    this.dispatchEvent(new CustomEvent("move", { detail: Math.round(Math.min(Math.max(size, least), most)) }));
  }
}

customElements.define("panel-separator", PanelSeparator);
