// Colours of terminals (ECMA-48 SGR: `ESC [ 31 m`) in messages, as runs of text with classes. Every colour becomes one of
// the theme's few, so that it reads on both grounds, whatever a program thought of its own. Other escapes stay in the text.

export interface Run {
  text: string;
  /** Classes; empty: none. */
  style: string;
}

const hues = ["dim", "red", "green", "yellow", "blue", "magenta", "cyan", "text"] as const;
type Hue = (typeof hues)[number];

interface State {
  bold: boolean;
  faint: boolean;
  italic: boolean;
  underline: boolean;
  struck: boolean;
  inverse: boolean;
  colour: Hue | null;
  ground: Hue | null;
}

const plain: State = { bold: false, faint: false, italic: false, underline: false, struck: false, inverse: false, colour: null, ground: null };
/** Pieces of one message that have a colour of their own. */
const runsAtMost = 400;
const escape = /\u001b\[([0-9;:]{0,64})m/g;

/** The message in runs, its colours taken out of the text. */
export function runsOf(message: string): Run[] {
  if (!message.includes("\u001b[")) return [{ text: message, style: "" }];
  const runs: Run[] = [];
  let state = { ...plain };
  let from = 0;
  const add = (text: string): void => {
    if (text === "") return;
    // Runs alike are one, and a message made of nothing but colours stays plain from some place on.
    const style = runs.length < runsAtMost ? classesOf(state) : "";
    const last = runs[runs.length - 1];
    if (last !== undefined && (last.style === style || runs.length > runsAtMost)) last.text += text;
    else runs.push({ text, style });
  };
  for (const match of message.matchAll(escape)) {
    add(message.slice(from, match.index));
    state = changed(state, match[1] ?? "");
    from = (match.index ?? 0) + (match[0] ?? "").length;
  }
  add(message.slice(from));
  return runs;
}

function classesOf(state: State): string {
  const names: string[] = [];
  if (state.bold) names.push("ansi-bold");
  if (state.faint) names.push("ansi-faint");
  if (state.italic) names.push("ansi-italic");
  if (state.underline) names.push("ansi-underline");
  if (state.struck) names.push("ansi-struck");
  if (state.inverse) names.push("ansi-inverse");
  else if (state.ground !== null) names.push(`ansi-on-${state.ground}`);
  else if (state.colour !== null) names.push(`ansi-${state.colour}`);
  return names.join(" ");
}

function changed(before: State, parameters: string): State {
  let state = { ...before };
  const codes = parameters.split(/[;:]/).map((code) => (code === "" ? 0 : Number(code)));
  for (let index = 0; index < codes.length; index++) {
    const code = codes[index] ?? 0;
    if (code === 0) state = { ...plain };
    else if (code === 1) state.bold = true;
    else if (code === 2) state.faint = true;
    else if (code === 3) state.italic = true;
    else if (code === 4 || code === 21) state.underline = true;
    else if (code === 7) state.inverse = true;
    else if (code === 9) state.struck = true;
    else if (code === 22) state.bold = state.faint = false;
    else if (code === 23) state.italic = false;
    else if (code === 24) state.underline = false;
    else if (code === 27) state.inverse = false;
    else if (code === 29) state.struck = false;
    else if (code >= 30 && code <= 37) state.colour = hues[code - 30] ?? null;
    else if (code === 39) state.colour = null;
    else if (code >= 40 && code <= 47) state.ground = hues[code - 40] ?? null;
    else if (code === 49) state.ground = null;
    else if (code >= 90 && code <= 97) state.colour = hues[code - 90] ?? null;
    else if (code >= 100 && code <= 107) state.ground = hues[code - 100] ?? null;
    else if (code === 38 || code === 48) {
      const wide = codes[index + 1] === 2;
      const hue = wide
        ? hueOf(codes[index + 2] ?? 0, codes[index + 3] ?? 0, codes[index + 4] ?? 0)
        : hueOfPalette(codes[index + 2] ?? 0);
      if (code === 38) state.colour = hue;
      else state.ground = hue;
      index += wide ? 4 : 2;
    }
  }
  return state;
}

/** The palette of 256: the 16 of old, a cube of 6 x 6 x 6, and 24 greys. */
function hueOfPalette(index: number): Hue {
  if (index < 16) return hues[index % 8] ?? "text";
  if (index >= 232) return index < 244 ? "dim" : "text";
  const cube = index - 16;
  const part = (value: number): number => (value % 6) * 51;
  return hueOf(part(Math.floor(cube / 36)), part(Math.floor(cube / 6)), part(cube));
}

function hueOf(red: number, green: number, blue: number): Hue {
  const most = Math.max(red, green, blue);
  const range = most - Math.min(red, green, blue);
  if (range < 48) return most < 160 ? "dim" : "text";
  let angle = most === red ? ((green - blue) / range) * 60 : most === green ? 120 + ((blue - red) / range) * 60 : 240 + ((red - green) / range) * 60;
  angle = (angle + 360) % 360;
  if (angle < 20 || angle >= 340) return "red";
  if (angle < 75) return "yellow";
  if (angle < 160) return "green";
  if (angle < 200) return "cyan";
  return angle < 260 ? "blue" : "magenta";
}
