// SPDX-License-Identifier: Apache-2.0
// @vitest-environment jsdom
import { describe, expect, it } from "vitest";

import { isTyping, keyOf, kLabelLetters, meaningOf, type Pressed } from "./keys";

function press(code: string, more: Partial<Pressed> = {}): Pressed {
  return { code, shiftKey: false, ctrlKey: false, altKey: false, metaKey: false, isComposing: false, keyCode: 0, repeat: false, ...more };
}

describe("keys", () => {
  it("choose labels by digits of either block, then by letters", () => {
    expect(meaningOf(press("Digit1"), 4)).toEqual({ does: "choose", index: 0 });
    expect(meaningOf(press("Numpad4"), 4)).toEqual({ does: "choose", index: 3 });
    expect(meaningOf(press("Digit5"), 4)).toBeUndefined();
    expect(meaningOf(press("KeyB"), 10)).toEqual({ does: "choose", index: 9 });
    expect(meaningOf(press("KeyB"), 9)).toBeUndefined();
  });

  it("act", () => {
    const acts = { KeyA: "accept", KeyU: "undo", KeyS: "skip", KeyF: "flag", KeyC: "flag", KeyG: "guideline", Slash: "search", Space: "save", Escape: "leave" };
    for (const [code, does] of Object.entries(acts)) {
      expect(meaningOf(press(code), 3)).toEqual({ does });
    }
    expect(meaningOf(press("KeyU", { shiftKey: true }), 3)).toEqual({ does: "redo" });
    expect(meaningOf(press("Slash", { shiftKey: true }), 3)).toEqual({ does: "keys" });
  });

  it("give no letter to both a label and an action", () => {
    for (const letter of kLabelLetters) {
      expect(meaningOf(press(`Key${letter.toUpperCase()}`), 0)).toBeUndefined();
      expect(meaningOf(press(`Key${letter.toUpperCase()}`), 99)).toEqual({ does: "choose", index: kLabelLetters.indexOf(letter) + 9 });
    }
    expect(new Set(Array.from({ length: 29 }, (_, i) => keyOf(i))).size).toBe(29);
    expect(keyOf(29)).toBe("");
  });

  it("are left to the input method while it composes, and to the browser", () => {
    expect(meaningOf(press("KeyA", { isComposing: true }), 3)).toBeUndefined();
    expect(meaningOf(press("KeyA", { keyCode: 229 }), 3)).toBeUndefined();
    for (const held of ["ctrlKey", "altKey", "metaKey", "repeat"] as const) {
      expect(meaningOf(press("Digit1", { [held]: true }), 3)).toBeUndefined();
    }
    expect(meaningOf(press("Digit1", { shiftKey: true }), 3)).toBeUndefined();
  });

  it("are read by place, whatever letter stands there", () => {
    // A Korean layout sends key "ㅁ" for KeyA; only the code is looked at.
    expect(meaningOf(press("KeyA"), 3)).toEqual({ does: "accept" });
  });

  it("belong to a field that has the focus", () => {
    const make = (tag: string, type = "text") => Object.assign(document.createElement(tag), tag === "input" ? { type } : {});
    expect(isTyping(make("input"))).toBe(true);
    expect(isTyping(make("textarea"))).toBe(true);
    expect(isTyping(make("select"))).toBe(true);
    expect(isTyping(make("input", "checkbox"))).toBe(false);
    expect(isTyping(make("button"))).toBe(false);
    expect(isTyping(null)).toBe(false);
  });
});
