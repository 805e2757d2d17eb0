// A time on the page that follows the view: its zone, and whether times are by the clock or how long ago. One listener
// and one timer serve all of them; what has left the page is found no more, so nothing has to be ended.
import { currentView, onView } from "../pages/view";
import { h } from "./dom";
import { clock, fullTime } from "./format";

const className = "time-text";
/** How often "5 min" is looked at again. */
const tickMs = 5_000;

/** Makes a time's element: the short form, milliseconds in a span of their own, the whole time as its title. */
export function timeElement(timestamp: string, name = ""): HTMLTimeElement {
  const element = h("time", { class: `${className} ${name}`.trim(), datetime: timestamp });
  fill(element);
  return element;
}

function fill(element: HTMLTimeElement): void {
  const timestamp = element.dateTime;
  const [time, milliseconds] = clock(timestamp);
  if (element.firstChild?.nodeValue === time && (element.childElementCount > 0) === (milliseconds !== "")) return;
  element.title = fullTime(timestamp);
  element.replaceChildren(time, ...(milliseconds === "" ? [] : [h("span", { class: "log-ms" }, milliseconds)]));
}

function fillAll(): void {
  for (const element of document.querySelectorAll<HTMLTimeElement>(`time.${className}`)) fill(element);
}

onView((view, before) => {
  if (view.zone !== before.zone || view.relative !== before.relative) fillAll();
});
window.setInterval(() => {
  if (currentView().relative && document.visibilityState === "visible") fillAll();
}, tickMs);
