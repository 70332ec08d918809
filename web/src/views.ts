// SPDX-License-Identifier: Apache-2.0
// The views by their place in the address. Each is a part of its own, fetched when it is opened; only home, where most visits
// begin, comes with the script itself.
import type { Component } from "svelte";

import Home from "./home/Home.svelte";
import type { Words } from "./words/en";

export interface View {
  place: string;
  name: keyof Words["views"];
  load: () => Promise<{ default: Component }>;
}

export const kViews: readonly View[] = [
  { place: "", name: "home", load: () => Promise.resolve({ default: Home }) },
  { place: "label", name: "label", load: () => import("./labeling/Label.svelte") },
  { place: "traffic", name: "traffic", load: () => import("./capture/Traffic.svelte") },
  { place: "drift", name: "drift", load: () => import("./monitoring/Drift.svelte") },
  { place: "labels", name: "labels", load: () => import("./labels/Labels.svelte") },
  { place: "data", name: "data", load: () => import("./datasets/Data.svelte") },
  { place: "training", name: "training", load: () => import("./training/Training.svelte") },
  { place: "evaluation", name: "evaluation", load: () => import("./evaluation/Evaluation.svelte") },
  { place: "release", name: "release", load: () => import("./release/Release.svelte") },
  { place: "try", name: "try", load: () => import("./serving/Try.svelte") },
  { place: "settings", name: "settings", load: () => import("./settings/Settings.svelte") },
];

export function findView(place: string): View | undefined {
  return kViews.find((view) => view.place === place);
}
