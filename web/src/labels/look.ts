// SPDX-License-Identifier: Apache-2.0
// What one looks at, as it stands in the address: `#/labels?one=economy&other=sports&actor=kim`.
import { addressOf } from "../base/router.svelte";

export interface Look {
  /** Two labels; the items on which people differ so are shown. */
  pair: { one: string; other: string } | undefined;
  /** Whose events; "" = everybody's. */
  actor: string;
}

export function lookFrom(parameters: URLSearchParams): Look {
  const one = parameters.get("one");
  const other = parameters.get("other");
  return { pair: one && other ? { one, other } : undefined, actor: parameters.get("actor") ?? "" };
}

export function addressOfLook({ pair, actor }: Look): string {
  return addressOf("labels", [], { one: pair?.one ?? "", other: pair?.other ?? "", actor });
}
