// One log in the list: a line. It is made once and used for many logs, since a stream of thousands a second would
// otherwise make thousands of elements a second.
import { Log } from "../../api/types";
import { h, setText, show } from "../dom";
import { clock } from "../format";
import { setLevelMark } from "../level-mark";
import { visible } from "../visible-text";
import { showMessage } from "./message-text";
import { ownTerm } from "./query-terms";
import { filterBy } from "./value-menu";

/** Characters of a message that a closed line may need: two lines of a wide panel. */
const messageAtOnce = 400;
/** Tags on a closed line; an opened one shows all. */
const tagsAtOnce = 4;
/** In the column of a wide list, where each is a button. */
const tagsInColumn = 3;

/** What all rows have in common. */
export interface RowStyle {
  /** One line a log with columns, not two lines. */
  wide: boolean;
  /** What a search found, to be marked. */
  hits: RegExp | null;
  /** The time zone of the times. */
  zone: string | null;
}

export class LogRow {
  log: Log | null = null;
  private version = -1;
  private top = -1;
  private readonly time = document.createTextNode("");
  private readonly milliseconds = h("span", { class: "log-ms" });
  private readonly timeElement = h("time", { class: "log-time" }, this.time, this.milliseconds);
  private readonly mark = h("span", { class: "log-level" });
  private readonly message = h("bdi", { class: "log-message" });
  private readonly group = h("bdi", { class: "log-group" });
  private readonly source = h("bdi", { class: "log-source" });
  private readonly tags = h("span", { class: "log-tags" });
  readonly head = h("button", { type: "button", class: "log-head", "aria-expanded": "false", tabindex: "-1" },
    this.timeElement, this.mark,
    h("span", { class: "log-body" }, this.message, h("span", { class: "log-under" }, this.group, this.source, this.tags)));
  private readonly tagButtons: HTMLButtonElement[] = [];
  private readonly moreTags = h("span", { class: "tags-more" });
  /** Beside the head, since a button cannot be within a button. */
  private readonly tagCell = h("span", { class: "log-tag-cell" }, this.moreTags);
  readonly element = h("li", { class: "log" }, this.head, this.tagCell);

  /** Shows a log. */
  bind(log: Log, style: RowStyle, version: number): void {
    if (this.log === log && this.version === version) return;
    this.version = version;
    this.log = log;
    const [time, milliseconds] = clock(log.timestamp);
    if (this.time.data !== time) this.time.data = time;
    setText(this.milliseconds, milliseconds);
    this.timeElement.dateTime = log.timestamp;
    this.timeElement.title = log.timestamp;
    setLevelMark(this.mark, log.level);
    showMessage(this.message, log.message, messageAtOnce, style.hits);
    setText(this.group, log.group === null ? "" : visible(log.group));
    setText(this.source, log.source === null ? "" : visible(log.source));
    show(this.tagCell, style.wide && log.tags.length > 0);
    if (style.wide) {
      this.showTagButtons(log.tags);
      this.group.title = this.group.textContent ?? "";
      this.source.title = this.source.textContent ?? "";
    } else {
      this.showTags(log.tags);
    }
    this.element.dataset.id = log.id;
    this.element.className = `log log-${log.level}`;
  }

  /** Puts it at its place. */
  stand(index: number, top: number, count: number, open: boolean, active: boolean): void {
    if (this.top !== top) {
      this.top = top;
      this.element.style.transform = `translateY(${top}px)`;
    }
    this.element.setAttribute("aria-posinset", String(index + 1));
    this.element.setAttribute("aria-setsize", String(count));
    this.element.classList.toggle("open", open);
    const expanded = String(open);
    if (this.head.getAttribute("aria-expanded") !== expanded) this.head.setAttribute("aria-expanded", expanded);
    const tab = active ? 0 : -1;
    if (this.head.tabIndex !== tab) for (const button of [this.head, ...this.tagButtons]) button.tabIndex = tab;
  }

  private showTagButtons(tags: string[]): void {
    const shown = tags.slice(0, tagsInColumn);
    shown.forEach((tag, index) => {
      const button = (this.tagButtons[index] ??= this.makeTagButton(index));
      const text = visible(tag);
      const name = `Filter for tag ${text}`;
      if (button.title === name) return;
      button.title = name;
      button.setAttribute("aria-label", name);
      if (button.firstElementChild !== null) setText(button.firstElementChild, text);
    });
    this.tagButtons.forEach((button, index) => show(button, index < shown.length));
    setText(this.moreTags, tags.length > shown.length ? `+${tags.length - shown.length}` : "");
  }

  private makeTagButton(index: number): HTMLButtonElement {
    const button = h("button", { type: "button", class: "tag-button", tabindex: String(this.head.tabIndex), onclick: () => {
      const tag = this.log?.tags[index];
      if (tag !== undefined) filterBy(ownTerm("tags", tag), false);
    } }, h("bdi", { class: "tag" }));
    this.tagCell.insertBefore(button, this.moreTags);
    return button;
  }

  private showTags(tags: string[]): void {
    const shown = tags.slice(0, tagsAtOnce).map(visible);
    if (tags.length > tagsAtOnce) shown.push(`+${tags.length - tagsAtOnce}`);
    while (this.tags.childElementCount > shown.length) this.tags.lastElementChild?.remove();
    shown.forEach((tag, index) => {
      const place = this.tags.children[index];
      if (place === undefined) this.tags.append(h("bdi", { class: "tag" }, tag));
      else setText(place, tag);
    });
  }
}
