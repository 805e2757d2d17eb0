// Lists that are filled anew while somebody works in them: what stays in its place is not touched, and whoever has the
// keyboard there keeps it. An element that is moved or made anew would lose it to the page's top.

/** Puts elements into an order; others go. Around the one that has the keyboard the others move. */
export function arrange(list: Element, wanted: Element[]): void {
  keepingFocus(list, () => {
    const kept = new Set(wanted);
    for (const child of [...list.children]) if (!kept.has(child)) child.remove();
    const worked = wanted.findIndex((element) => element.parentElement === list && element.contains(document.activeElement));
    const middle = Math.max(0, worked);
    const first = wanted[middle];
    if (first === undefined) return;
    if (first.parentElement !== list) list.prepend(first);
    let place = first;
    for (const element of wanted.slice(0, middle).reverse()) {
      if (place.previousElementSibling !== element) place.before(element);
      place = element;
    }
    place = first;
    for (const element of wanted.slice(middle + 1)) {
      if (place.nextElementSibling !== element) place.after(element);
      place = element;
    }
  });
}

/**
 * Changes what is in a place. A control there that had the keyboard has it after, or what took its place: the one of the
 * same `data-key` and kind, else the next one, else the button of the card around it.
 */
export function keepingFocus(place: Element, change: () => void): void {
  const focused = document.activeElement;
  if (!(focused instanceof HTMLElement) || focused === place || !place.contains(focused)) {
    change();
    return;
  }
  const index = controlsOf(place).indexOf(focused);
  const name = nameOf(focused);
  change();
  if (document.activeElement === focused) return;
  const after = controlsOf(place);
  const next = focused.isConnected ? focused
    : after.find((control) => nameOf(control) === name) ?? after[Math.min(Math.max(0, index), after.length - 1)] ?? place.closest(".card")?.querySelector<HTMLElement>("button");
  next?.focus({ preventScroll: true });
}

function controlsOf(place: Element): HTMLElement[] {
  return [...place.querySelectorAll<HTMLElement>("button, a[href], input, select, summary, [tabindex='0']")].filter((control) => control.getClientRects().length > 0 || control === document.activeElement);
}

function nameOf(control: HTMLElement): string {
  return `${control.closest<HTMLElement>("[data-key]")?.dataset.key ?? ""} ${control.className}`;
}
