// SPDX-License-Identifier: Apache-2.0
const plural = new Intl.PluralRules("en");

/** Of an English sentence: `one` when it speaks of one thing, else `other`. */
export function some(n: number, one: string, other: string): string {
  return plural.select(n) === "one" ? one : other;
}
