// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";

import { parsePlace } from "../base/router.svelte";
import type { JudgedRow } from "./api";
import { addressOfLook, lookFrom, type Look, rowsBehind } from "./choice";

const looks: Look[] = [
  { who: "challenger", words: "", choice: undefined },
  { who: "champion", words: "금리, a&b", choice: { show: "cell", who: "champion", truth: "IT/과학 ?", said: "" } },
  { who: "challenger", words: "", choice: { show: "pair", pair: "only_champion" } },
  { who: "challenger", words: "bank", choice: { show: "slice", kind: "word", name: "bank" } },
];

describe("a look at rows", () => {
  it("stands in the address and can be read back", () => {
    for (const look of looks) {
      const place = parsePlace(addressOfLook("id 1", look));
      expect(place.rest).toEqual(["id 1"]);
      expect(lookFrom(place.parameters)).toEqual(look);
    }
  });

  it("of a broken address is a look at everything", () => {
    expect(lookFrom(new URLSearchParams("who=nobody&show=pair&pair=none"))).toEqual({ who: "challenger", words: "", choice: undefined });
    expect(lookFrom(new URLSearchParams("show=slice&by=colour&slice=red")).choice).toBeUndefined();
  });

  it("has the rows of its cell, pair or slice", () => {
    const row = (truth: string, challenger: string, champion: string): JudgedRow => ({
      item: truth + challenger, text: "", truth, note: "", scores_challenger: [], scores_champion: null,
      challenger: { label: challenger, probability: 1 }, champion: { label: champion, probability: 1 },
    });
    const rows = [row("a", "a", "b"), row("a", "b", "b"), row("b", "b", "b")];
    expect(rowsBehind({ show: "cell", who: "challenger", truth: "a", said: "b" }, rows, [])).toEqual([rows[1]]);
    expect(rowsBehind({ show: "cell", who: "champion", truth: "a", said: "b" }, rows, [])).toEqual([rows[0], rows[1]]);
    expect(rowsBehind({ show: "pair", pair: "only_challenger" }, rows, [])).toEqual([rows[0]]);
    expect(rowsBehind({ show: "slice", kind: "class", name: "b" }, rows, [{ kind: "class", name: "b", rows: rows.slice(2) }])).toEqual([rows[2]]);
    expect(rowsBehind({ show: "slice", kind: "word", name: "gone" }, rows, [])).toEqual([]);
  });
});
