// SPDX-License-Identifier: Apache-2.0
/** Of an English sentence: `one` when it speaks of one thing, else `other`. */
export function some(n: number, one: string, other: string): string {
  return n === 1 ? one : other;
}
