// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";

import { changedLines, compareLines } from "./lines";

describe("lines", () => {
  it("are compared by their longest common sequence", () => {
    const lines = compareLines("[loop]\na = 1\nb = 2\nc = 3", "[loop]\na = 1\nb = 5\nc = 3\nd = 4");
    expect(lines.map((line) => `${{ same: " ", gone: "-", new: "+" }[line.kind]}${line.text}`)).toEqual([" [loop]", " a = 1", "-b = 2", "+b = 5", " c = 3", "+d = 4"]);
  });

  it("show only what has changed", () => {
    const lines = compareLines("1\n2\n3\n4\n5\n6\n7\n8", "1\n2\nX\n4\n5\n6\n7\nY");
    expect(changedLines(lines).map((line) => line?.text ?? "…")).toEqual(["2", "3", "X", "4", "…", "7", "8", "Y"]);
    expect(changedLines(compareLines("a\nb", "a\nb"))).toEqual([]);
  });
});
