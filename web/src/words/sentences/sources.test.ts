// SPDX-License-Identifier: Apache-2.0
// The forms are those of the C++: a sentence that is changed there is noticed here.
import { describe, expect, it } from "vitest";

import { kByHand, kRecords } from "./records";
import { kRefusals } from "./refusals";

/** Written by the program of an earlier day, and still in records. */
const kOlder: readonly string[] = [];
/** Not the server's: the browser's, a proxy's, the JSON library's. */
const kOthers = /^(?:TypeError: )?Failed to fetch$|^NetworkError|^Load failed$|^signal timed out$|^The operation timed out|^\{i\} \{Bad Gateway|last read/;

const sources = import.meta.glob<string>(["../../../../src/**/*.cpp", "../../../../src/**/*.h", "!**/*_test.cpp"], { query: "?raw", import: "default", eager: true });

/** All that stands in the quotes of the server's sources; literals that follow each other are one. Holes are "{}". */
function literals(): string {
  const quoted = Object.values(sources).flatMap((text) => text.replaceAll(/"\s*\n\s*"/g, "").match(/"(?:[^"\\\n]|\\.)*"/g) ?? []);
  return quoted.map((text) => text.slice(1, -1).replaceAll(/\\(["\\])/g, "$1").replaceAll(/\{:[^}]*\}/g, "{}")).join("\n");
}

describe("every form", () => {
  it("stands in the server's sources, piece by piece", () => {
    const all = literals();
    expect(all.length).toBeGreaterThan(100_000);
    const missing = [...kByHand, ...kRecords, ...kRefusals].flatMap(([written]) => {
      const words = [...written.matchAll(/\{([^}]*=[^}]*)\}/g)].flatMap(([, choices = ""]) => choices.split("|").map((choice) => choice.split("=", 1)[0] ?? ""));
      // What stands beside a quote or a colon may come from another literal.
      const pieces = [...written.split(/\{[^}]*\}|['":;()]/), ...words].map((piece) => piece.trim()).filter((piece) => piece.length > 3);
      return kOthers.test(written) || kOlder.includes(written) ? [] : pieces.filter((piece) => !all.includes(piece)).map((piece) => `${written} >> ${piece}`);
    });
    expect(missing).toEqual([]);
  });
});
