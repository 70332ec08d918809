// SPDX-License-Identifier: Apache-2.0
import { kept } from "./kept.svelte";

export const kThemes = ["auto", "light", "dark"] as const;
export type Theme = (typeof kThemes)[number];

const chosen = kept("flywheel.theme", "auto");
const systemIsDark = globalThis.matchMedia?.("(prefers-color-scheme: dark)");
const system = $state({ dark: systemIsDark?.matches ?? false });

systemIsDark?.addEventListener("change", (event) => {
  system.dark = event.matches;
});

export function theme(): Theme {
  return kThemes.find((name) => name === chosen.value) ?? "auto";
}

export function chooseTheme(wanted: Theme): void {
  chosen.value = wanted;
}

export function isDark(): boolean {
  return theme() === "dark" || (theme() === "auto" && system.dark);
}
