// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";

import { Format } from "../../base/format";
import { particleOf } from "./forms";
import { korean } from "./korean";
import { kByHand, kRecords } from "./records";
import { kRefusals } from "./refusals";

const format = new Format("ko");
const said = (sentence: string, whose: "server" | "person" = "server") => korean(sentence, whose, format);

describe("a sentence in Korean", () => {
  it("is only of a form that is known from its first letter to its last", () => {
    for (const other of [
      "", " ", "Promoted", "promoted.", "kept it", "kim released version two.", "kim released version 2. Twice.",
      "Note: The challenger is worse: 3 to 14 on 527 hold-out items, p = 0.0064. Really.",
      "The challenger is worse: 3 to 14 on 527 hold-out items, p = small.",
      "Kept the champion. Because we say so.", "Drift: something new (evidence 91 days, at most one false alarm in 90 days).",
      "No such planet: 3", "Expected text, got a banana", "turn 3, step 'tune': a disk burned",
    ]) {
      expect(said(other), other).toBeUndefined();
    }
  });

  it("leaves people's own words alone, but not what is written for who says nothing", () => {
    expect(said("kim released version 2.", "person")).toBe("kim이(가) 버전 2를 배포했습니다.");
    for (const words of ["kept", "on", "first model", "Version 7 is served already.", "too slow: The text is empty", "kim: wrong answers"]) {
      expect(said(words, "person"), words).toBeUndefined();
    }
  });

  it("keeps what stands before it, such as the name of a file", () => {
    expect(said("my rows.csv: The text is empty")).toBe("my rows.csv: 글이 비어 있습니다.");
    expect(said("my rows.csv: Something else")).toBeUndefined();
  });

  it("keeps names as they are", () => {
    for (const name of ["it's", "a' went from", '"', "{1}", "{~1이/가}", "$1 $& $'", "<b onclick=x>", "\\d+", "한국어", "👩‍👩‍👧", "two\nlines", "1; 2"]) {
      expect(said(`The challenger is worse in class '${name}': 0 to 6 on 41 items; 9 to 11 on 52 hold-out items in all.`)).toBe(
        `도전자가 클래스 “${name}”에서 더 나쁩니다: 항목 41개에서 0 대 6; 모두 합쳐 홀드아웃 항목 52개에서 9 대 11.`,
      );
      expect(said(`A key of this name is in use; revoke it first: '${name}'`)).toBe(`이름이 “${name}”인 키를 이미 쓰고 있습니다. 먼저 취소하세요.`);
    }
  });

  it("takes no time over hostile ones", () => {
    const parts = ["'", "' ", ": ", " to ", "1", "9 to 9 on 9 hold-out items, ", "Kept the champion. ", "turn 1: ", "field 'a': ", "; ", ", line 1: '", " ", "a"];
    const begins = ["", ...[...kByHand, ...kRecords, ...kRefusals].map(([written]) => written.split("{", 1)[0] ?? "")];
    let longest = 0;
    for (const begin of begins) {
      for (const part of parts) {
        for (const length of [3900, 100_000]) {
          const sentence = begin + part.repeat(Math.ceil((length - begin.length) / part.length)).slice(0, length - begin.length);
          const before = performance.now();
          said(sentence);
          longest = Math.max(longest, performance.now() - before);
        }
      }
    }
    expect(longest).toBeLessThan(250);
  }, 60_000);
});

describe("a particle", () => {
  it("follows the last sound before it", () => {
    const of = (text: string) => ["이/가", "을/를", "으로/로"].map((pair) => particleOf(text, pair));
    expect(of("사람")).toEqual(["이", "을", "으로"]);
    expect(of("민지")).toEqual(["가", "를", "로"]);
    expect(of("서울")).toEqual(["이", "을", "로"]);
    expect(of("3")).toEqual(["이", "을", "으로"]);
    expect(of("12")).toEqual(["가", "를", "로"]);
    expect(of("1,7")).toEqual(["이", "을", "로"]);
    expect(of("“100”")).toEqual(["이", "을", "으로"]);
    expect(of("kim")).toEqual(["이(가)", "을(를)", "(으)로"]);
    expect(of("")).toEqual(["이(가)", "을(를)", "(으)로"]);
  });
});
