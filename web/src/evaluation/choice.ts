// SPDX-License-Identifier: Apache-2.0
// Which rows one looks at, as it stands in the address: `#/evaluation/ID?show=cell&truth=economy&said=sports`.
import { addressOf } from "../base/router.svelte";
import type { JudgedRow, Who } from "./api";
import { kPairs, type Pair, pairOf, type Slice, type SliceKind } from "./slices";

export type Choice =
  | { show: "cell"; who: Who; truth: string; said: string }
  | { show: "pair"; pair: Pair }
  | { show: "slice"; kind: SliceKind; name: string };

export interface Look {
  who: Who;
  /** As typed: the words of the slices by word. */
  words: string;
  choice: Choice | undefined;
}

const kKinds: readonly SliceKind[] = ["class", "length", "word"];

function choiceFrom(parameters: URLSearchParams, who: Who): Choice | undefined {
  const part = (name: string) => parameters.get(name) ?? "";
  const pair = kPairs.find((one) => one === part("pair"));
  const kind = kKinds.find((one) => one === part("by"));
  switch (part("show")) {
    case "cell":
      return { show: "cell", who, truth: part("truth"), said: part("said") };
    case "pair":
      return pair && { show: "pair", pair };
    case "slice":
      return kind && { show: "slice", kind, name: part("slice") };
    default:
      return undefined;
  }
}

export function lookFrom(parameters: URLSearchParams): Look {
  const who = parameters.get("who") === "champion" ? "champion" : "challenger";
  return { who, words: parameters.get("words") ?? "", choice: choiceFrom(parameters, who) };
}

export function addressOfLook(evaluation: string, { who, words, choice }: Look): string {
  const shown: Record<string, string> =
    choice?.show === "cell" ? { show: "cell", truth: choice.truth, said: choice.said }
    : choice?.show === "pair" ? { show: "pair", pair: choice.pair }
    : choice?.show === "slice" ? { show: "slice", by: choice.kind, slice: choice.name }
    : {};
  return addressOf("evaluation", [evaluation], { who: who === "champion" ? who : "", words, ...shown });
}

export function rowsBehind(choice: Choice, rows: readonly JudgedRow[], slices: readonly Slice[]): JudgedRow[] {
  switch (choice.show) {
    case "cell":
      return rows.filter((row) => row.truth === choice.truth && row[choice.who]?.label === choice.said);
    case "pair":
      return rows.filter((row) => pairOf(row) === choice.pair);
    case "slice":
      return slices.find((slice) => slice.kind === choice.kind && slice.name === choice.name)?.rows ?? [];
  }
}
