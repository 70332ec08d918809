// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";

import { guess, headOf } from "./table_head";

describe("the head of a file", () => {
  it("is that of a table, quotes and line ends as they may be", () => {
    expect(headOf("rows.csv", '\uFEFFtitle,"a ""b"", c"\r\n"금리, 또 오른다\n계속",1\r\n')).toEqual({
      columns: ["title", 'a "b", c'],
      first: { title: "금리, 또 오른다\n계속", 'a "b", c': "1" },
    });
    expect(headOf("rows.tsv", "title\ttopic\nx\ty")).toEqual({ columns: ["title", "topic"], first: { title: "x", topic: "y" } });
    expect(headOf("rows.csv", "title,topic")).toEqual({ columns: ["title", "topic"], first: { title: "", topic: "" } });
  });

  it("is that of JSON lines, even when the last one is cut off", () => {
    expect(headOf("rows.jsonl", '{"title":"x","n":1}\n{"topic":"y"}\n{"titl')).toEqual({ columns: ["title", "n", "topic"], first: { title: "x", n: "1", topic: "y" } });
  });

  it("is not told of what is compressed or empty", () => {
    expect(headOf("rows.csv.gz", "\u001f\u008b")).toBeUndefined();
    expect(headOf("rows.csv", "")).toBeUndefined();
  });

  it("says which columns are likely meant", () => {
    expect(guess(["id", "Title", "topic"])).toEqual({ text: "Title", label: "topic" });
    expect(guess(["번호", "문장", "주제"])).toEqual({ text: "문장", label: "주제" });
    expect(guess(["a", "b"])).toEqual({ text: "", label: "" });
  });
});
