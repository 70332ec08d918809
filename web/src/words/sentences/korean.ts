// SPDX-License-Identifier: Apache-2.0
// A sentence that the server wrote, in Korean. Only the Korean page fetches this (../recorded.svelte.ts).
import type { Format } from "../../base/format";
import { reader, type Form } from "./forms";
import { kByHand, kRecords } from "./records";
import { kRefusals } from "./refusals";

/** The server writes none that is longer; what is, is somebody's text. */
const kLongest = 4000;
/** Sentences in sentences: "turn 3, step 'tune': No settings could be fitted: ..." */
const kDeepest = 4;

const readersOf = (forms: readonly Form[]) => forms.map(reader);
const byHand = readersOf(kByHand);
const all = [...readersOf(kRecords), ...readersOf(kRefusals), ...byHand];

function firstOf(readers: typeof all, sentence: string, format: Format, depth: number): string | undefined {
  if (depth > kDeepest) {
    return undefined;
  }
  for (const read of readers) {
    const korean = read(sentence, format, (inner) => firstOf(all, inner, format, depth + 1));
    if (korean !== undefined) {
      return korean;
    }
  }
  return undefined;
}

/** Undefined = the sentence is of no known form. `person`: of those forms only that stand for a person who said nothing. */
export function korean(sentence: string, whose: "server" | "person", format: Format): string | undefined {
  if (sentence.length > kLongest) {
    return undefined;
  }
  const known = firstOf(whose === "person" ? byHand : all, sentence, format, 0);
  const colon = sentence.indexOf(": ");
  if (known !== undefined || whose === "person" || colon < 0) {
    return known;
  }
  // What the error is about stands before it: the name of a file, the part that failed.
  const rest = firstOf(all, sentence.slice(colon + 2), format, 1);
  return rest === undefined ? undefined : `${sentence.slice(0, colon)}: ${rest}`;
}
