// SPDX-License-Identifier: Apache-2.0
// Answers that first.ts asked for before this part of the page was there. Each is given once, to whoever asks for it.
import type {} from "../first";

/** Older than this an answer may be of another time. */
const kFreshMs = 10_000;

/** The answer to `address`, if it was asked for. */
export function firstAsk(address: string): Promise<Response> | undefined {
  return taken(address)?.answer;
}

/** The same where it is there already: its JSON. What is not there yet, or was refused, is left for firstAsk. */
export function firstBody(address: string): unknown {
  return globalThis.flywheelFirstAsks?.bodies.has(address) ? taken(address)?.body : undefined;
}

function taken(address: string) {
  const first = globalThis.flywheelFirstAsks;
  const found = { answer: first?.answers.get(address), body: first?.bodies.get(address) };
  first?.answers.delete(address);
  first?.bodies.delete(address);
  return first && performance.now() - first.at < kFreshMs ? found : undefined;
}

/** When these are there as far as they were asked for, but in no more than `ms`: an empty page is not worth painting for less. */
export async function firstAnswers(ms: number, ...addresses: string[]): Promise<void> {
  const answers = addresses.map((address) => globalThis.flywheelFirstAsks?.answers.get(address));
  await Promise.race([Promise.allSettled(answers), new Promise((done) => setTimeout(done, ms))]);
}

/** Another key is shown, or none was good enough. */
export function forgetFirstAsks(): void {
  globalThis.flywheelFirstAsks = undefined;
}
