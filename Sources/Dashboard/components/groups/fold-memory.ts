// Which parts of the tree are folded: remembered by this browser, the newest choices only.
import { recallObject, remember } from "../memory";

const storageName = "komfyrvakt-folds";
/** Choices remembered; a reader makes a few. */
const choicesAtMost = 500;

export class FoldMemory {
  private readonly choices = new Map<string, boolean>();
  /** What was not chosen one by one; null: by the size of the tree. */
  private all: boolean | null = null;

  constructor() {
    const kept = recallObject(storageName);
    if (typeof kept?.all === "boolean") this.all = kept.all;
    for (const [name, isFolded] of [["folded", true], ["open", false]] as const) {
      const paths = kept?.[name];
      if (!Array.isArray(paths)) continue;
      for (const path of paths.slice(0, choicesAtMost)) if (typeof path === "string") this.choices.set(path, isFolded);
    }
  }

  isFolded(path: string, usually: boolean): boolean {
    return this.choices.get(path) ?? this.all ?? usually;
  }

  set(path: string, isFolded: boolean): void {
    this.choices.delete(path);
    this.choices.set(path, isFolded);
    for (const oldest of this.choices.keys()) {
      if (this.choices.size <= choicesAtMost) break;
      this.choices.delete(oldest);
    }
    this.keep();
  }

  setAll(isFolded: boolean): void {
    this.choices.clear();
    this.all = isFolded;
    this.keep();
  }

  private keep(): void {
    const paths = (wanted: boolean): string[] => [...this.choices].filter(([, isFolded]) => isFolded === wanted).map(([path]) => path);
    remember(storageName, JSON.stringify({ all: this.all, folded: paths(true), open: paths(false) }));
  }
}
