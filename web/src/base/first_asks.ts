// SPDX-License-Identifier: Apache-2.0
// Answers that first.ts asked for before this part of the page was there. Each is given once, to whoever asks for it.
import type {} from "../first";

/** Older than this an answer may be of another time. */
const kFreshMs = 10_000;

/** The answer to `address`, if it was asked for. */
export function firstAsk(address: string): Promise<Response> | undefined {
  const first = globalThis.flywheelFirstAsks;
  const found = first?.answers.get(address);
  first?.answers.delete(address);
  return first && performance.now() - first.at < kFreshMs ? found : undefined;
}

/** Another key is shown, or none was good enough. */
export function forgetFirstAsks(): void {
  globalThis.flywheelFirstAsks = undefined;
}
