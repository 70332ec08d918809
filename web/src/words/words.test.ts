// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";

import { en } from "./en";
import { ko } from "./ko";
import { firstOf } from "./words.svelte";

/** "label.left" and so on, with how many arguments a sentence takes. */
function leaves(words: object, begin = ""): string[] {
  return Object.entries(words).flatMap(([name, value]: [string, unknown]) =>
    typeof value === "object" && value !== null ? leaves(value, `${begin}${name}.`) : [`${begin}${name}`],
  );
}

const views = import.meta.glob<{ own: { en: object; ko: object } }>("../**/words.ts", { eager: true });

describe("the words", () => {
  it("are there in every language", () => {
    expect(leaves(ko)).toEqual(leaves(en));
    for (const { own } of Object.values(views)) {
      expect(leaves(own.ko)).toEqual(leaves(own.en));
    }
  });

  it("are Korean where they should be", () => {
    const same = (a: object, b: object, begin = ""): string[] =>
      Object.entries(a).flatMap(([name, value]: [string, unknown]) => {
        const other = (b as Record<string, unknown>)[name];
        return typeof value === "object" && value !== null ? same(value, other as object, `${begin}${name}.`) : value === other && typeof value === "string" ? [`${begin}${name}`] : [];
      });
    expect(same(en, ko)).toEqual(["chart.csv"]);
    for (const [place, { own }] of Object.entries(views)) {
      expect(same(own.en, own.ko), place).toEqual([]);
    }
  });

  it("follow the browser's languages", () => {
    expect(firstOf(["ko-KR", "en-US"])).toBe("ko");
    expect(firstOf(["fr", "ko"])).toBe("ko");
    expect(firstOf(["fr"])).toBe("en");
    expect(firstOf([])).toBe("en");
  });
});
