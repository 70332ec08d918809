// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";

import { blocksOf, cellsOf, spansOf, type Span } from "./markdown";

const plain = (text: string): Span[] => [{ kind: "text", text }];

describe("the Markdown of a card", () => {
  it("becomes blocks", () => {
    const card =
      "---\nlicense: unknown\ntags: [a]\n---\n# news, version 2\n\nEngine `linear`,\nand **more**.\n\n" +
      "| class | share |\n|---|---|\n| a | 1 % |\n\n- one\n- two\n\n1. first\n\n```\n# no heading\n```\n";
    expect(blocksOf(card)).toEqual([
      { kind: "about", entries: [["license", "unknown"], ["tags", "[a]"]] },
      { kind: "heading", level: 1, spans: plain("news, version 2") },
      { kind: "paragraph", spans: [...plain("Engine "), { kind: "code", text: "linear" }, ...plain(", and "), { kind: "bold", text: "more" }, ...plain(".")] },
      { kind: "table", head: [plain("class"), plain("share")], rows: [[plain("a"), plain("1 %")]] },
      { kind: "list", ordered: false, items: [plain("one"), plain("two")] },
      { kind: "list", ordered: true, items: [plain("first")] },
      { kind: "code", text: "# no heading" },
    ]);
  });

  it("never becomes HTML", () => {
    expect(blocksOf("<script>alert(1)</script>")).toEqual([{ kind: "paragraph", spans: plain("<script>alert(1)</script>") }]);
    expect(blocksOf("[x](javascript:alert(1))")).toEqual([{ kind: "paragraph", spans: plain("[x](javascript:alert(1))") }]);
  });

  it("loses no word and ends, whatever the text", () => {
    for (const text of ["---", "---\nno end", "```\nopen", "|", "| a |\n|---|", "**", "`", "- ", "1.", "#", "####### seven", "a\n\n\n", "---\n---"]) {
      expect(blocksOf(text).length, text).toBeGreaterThanOrEqual(0);
    }
    expect(blocksOf("---\nno end")).toEqual([{ kind: "paragraph", spans: plain("--- no end") }]);
    expect(blocksOf("```\nopen")).toEqual([{ kind: "code", text: "open" }]);
    expect(blocksOf("a\n- b")).toEqual([{ kind: "paragraph", spans: plain("a") }, { kind: "list", ordered: false, items: [plain("b")] }]);
  });

  it("keeps bars that are escaped, and cells that are missing or too many", () => {
    expect(cellsOf("| a | b \\| c |")).toEqual(["a", "b | c"]);
    expect(blocksOf("| a | b |\n|---|---|\n| 1 |\n| 1 | 2 | 3 |")).toEqual([
      { kind: "table", head: [plain("a"), plain("b")], rows: [[plain("1"), []], [plain("1"), plain("2"), plain("3")]] },
    ]);
  });

  it("takes stars inside code for stars", () => {
    expect(spansOf("`**x**` **y**")).toEqual([{ kind: "code", text: "**x**" }, ...plain(" "), { kind: "bold", text: "y" }]);
  });
});
