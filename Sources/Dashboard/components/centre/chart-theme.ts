// Chart.js as this page uses it: only the parts that are drawn, and colours from the style sheet's tokens.
import { BarController, BarElement, Chart, Filler, LineController, LineElement, LinearScale, PointElement } from "chart.js";
import { Level } from "../../api/types";

Chart.register(BarController, BarElement, Filler, LineController, LineElement, LinearScale, PointElement);
// Nothing moves by itself: a refresh changes lengths in place, and who asked for less motion gets none anyway.
Chart.defaults.animation = false;
Chart.defaults.events = [];

/** The value of a CSS token, as `--accent`. */
export function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** A colour with some of what is behind it. */
export function faded(colour: string, alpha: number): string {
  const digits = /^#([0-9a-f]{6})$/i.exec(colour)?.[1];
  if (digits === undefined) return colour;
  return `#${digits}${Math.round(alpha * 255).toString(16).padStart(2, "0")}`;
}

/**
 * What a level's bars are filled with: told apart by form, too. Debug is pale, info plain, warning striped, error full,
 * critical full with light dots.
 */
export function levelFill(level: Level): string | CanvasPattern {
  const colour = token(`--${level}`);
  switch (level) {
    case "debug": return faded(token("--strong-line"), 0.45);
    case "info": return faded(colour, 0.7);
    case "error": return colour;
    case "warning": return tile(colour, (pen, size) => {
      pen.fillStyle = token("--warning-ground");
      pen.fillRect(0, 0, size, size);
      pen.strokeStyle = colour;
      pen.lineWidth = size / 2.6;
      // Three lines, so that the tile joins with its neighbours.
      for (const shift of [-size, 0, size]) {
        pen.beginPath();
        pen.moveTo(shift - 1, size + 1);
        pen.lineTo(shift + size + 1, -1);
        pen.stroke();
      }
    });
    case "critical": return tile(colour, (pen, size) => {
      pen.fillStyle = colour;
      pen.fillRect(0, 0, size, size);
      pen.fillStyle = token("--on-level");
      pen.fillRect(size / 2 - 1, size / 2 - 1, 2, 2);
    });
  }
}

/** Tells when the colours have changed: by the switch or by the system. The answer ends that. */
export function onTheme(listener: () => void): () => void {
  const observer = new MutationObserver(listener);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", listener);
  return () => {
    observer.disconnect();
    dark.removeEventListener("change", listener);
  };
}

function tile(colour: string, draw: (pen: CanvasRenderingContext2D, size: number) => void): string | CanvasPattern {
  const size = 6;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const pen = canvas.getContext("2d");
  if (pen === null) return colour;
  draw(pen, size);
  return pen.createPattern(canvas, "repeat") ?? colour;
}
