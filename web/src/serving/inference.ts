// SPDX-License-Identifier: Apache-2.0
// One text as a request, its answer as scores, and the same request for a shell. No screen.
import type { Inferred, ModelMetadata, Neighbour } from "./api";

/** A model that takes one text a row. */
export function takesText(model: ModelMetadata): boolean {
  return model.inputs.length === 1 && model.inputs[0]?.datatype === "BYTES";
}

/** Class names; empty when the model has not said them. */
export function labelsOf(model: ModelMetadata): string[] {
  try {
    const labels: unknown = JSON.parse(model.properties?.labels ?? "[]");
    return Array.isArray(labels) ? labels.filter((label): label is string => typeof label === "string") : [];
  } catch {
    return [];
  }
}

/** Only what is shown is asked for; embeddings are not. */
const kShown = ["label", "scores"];

export function requestOf(model: ModelMetadata, id: string, text: string): object {
  const outputs = kShown.filter((name) => model.outputs.some((output) => output.name === name)).map((name) => ({ name }));
  return {
    id,
    inputs: [{ name: model.inputs[0]?.name ?? "text", shape: [1], datatype: "BYTES", data: [text] }],
    ...(outputs.length > 0 ? { outputs } : {}),
  };
}

export interface Score {
  label: string;
  score: number;
}

export interface Answer {
  version: string;
  /** "" = the model says none. */
  label: string;
  /** The highest first. */
  scores: Score[];
}

export function answerOf(inferred: Inferred, labels: readonly string[]): Answer {
  const dataOf = (name: string) => inferred.outputs.find((output) => output.name === name)?.data ?? [];
  const scores = dataOf("scores")
    .map((score, i) => ({ label: labels[i] ?? String(i), score: Number(score) }))
    .sort((a, b) => b.score - a.score);
  return { version: inferred.model_version, label: String(dataOf("label")[0] ?? scores[0]?.label ?? ""), scores };
}

/** One word for a POSIX shell, whatever stands in it. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** The same request, to be copied into a shell; the key is taken from there and never written out. */
export function curlOf(address: string, body: object, withKey: boolean): string {
  const key = withKey ? ` -H "Authorization: Bearer $FLYWHEEL_KEY"` : "";
  return `curl -sS ${quoted(address)}${key} -H 'Content-Type: application/json' --data-raw ${quoted(JSON.stringify(body))}`;
}

export interface Vote {
  label: string;
  count: number;
}

/** How many of the neighbours have which label, the most first. */
export function votesOf(neighbours: readonly Neighbour[]): Vote[] {
  const counts = new Map<string, number>();
  for (const { label } of neighbours) {
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return [...counts].map(([label, count]) => ({ label, count })).sort((a, b) => b.count - a.count);
}
