// SPDX-License-Identifier: Apache-2.0
// What a key press means on the label page. Keys are read by their place (event.code), so a Korean or a French layout
// changes nothing; a press that an input method is working on, or that belongs to the browser, means nothing here.

export type Press =
  | { does: "choose"; index: number }
  | { does: "accept" | "undo" | "redo" | "skip" | "flag" | "keys" | "guideline" | "search" | "save" | "leave" };

/** Letters that no action has, in the order in which labels take them after 1 to 9. */
export const kLabelLetters = [..."bdehijklmnopqrtvwxyz"];

const kActions: Record<string, Exclude<Press["does"], "choose">> = {
  KeyA: "accept",
  KeyS: "skip",
  KeyF: "flag",
  KeyC: "flag",
  KeyG: "guideline",
  Slash: "search",
  Space: "save",
  Escape: "leave",
};

/** What stands on the key of label number `index`; "" = it has none. */
export function keyOf(index: number): string {
  return index < 9 ? String(index + 1) : (kLabelLetters[index - 9] ?? "");
}

/** The parts of a KeyboardEvent that count. */
export interface Pressed {
  code: string;
  shiftKey: boolean;
  ctrlKey: boolean;
  altKey: boolean;
  metaKey: boolean;
  isComposing: boolean;
  keyCode: number;
  repeat: boolean;
}

const kBusyInputMethod = 229; // UI Events, 7.3.1: what keydown says while an input method has the key

export function meaningOf(pressed: Pressed, labels: number): Press | undefined {
  if (pressed.isComposing || pressed.keyCode === kBusyInputMethod) {
    return undefined;
  }
  if (pressed.ctrlKey || pressed.altKey || pressed.metaKey || pressed.repeat) {
    return undefined;
  }
  if (pressed.code === "KeyU") {
    return { does: pressed.shiftKey ? "redo" : "undo" };
  }
  if (pressed.code === "Slash" && pressed.shiftKey) {
    return { does: "keys" };
  }
  if (pressed.shiftKey) {
    return undefined;
  }
  const action = kActions[pressed.code];
  if (action !== undefined) {
    return { does: action };
  }
  const index = indexOf(pressed.code);
  return index !== undefined && index < labels ? { does: "choose", index } : undefined;
}

function indexOf(code: string): number | undefined {
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(code)?.[1];
  if (digit !== undefined) {
    return Number(digit) - 1;
  }
  const letter = /^Key([A-Z])$/.exec(code)?.[1];
  const place = letter === undefined ? -1 : kLabelLetters.indexOf(letter.toLowerCase());
  return place < 0 ? undefined : place + 9;
}

/** True when whoever has the focus wants letters for itself. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) {
    return false;
  }
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) {
    return true;
  }
  return target instanceof HTMLInputElement && !["button", "checkbox", "radio", "submit"].includes(target.type);
}
