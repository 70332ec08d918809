// SPDX-License-Identifier: Apache-2.0
// The language of the page: the one chosen before, else the browser's first that we have, else English.
import { Format } from "../base/format";
import { kept } from "../base/kept.svelte";
import { en, type Words } from "./en";
import { ko } from "./ko";

export const kLanguages = { en, ko } satisfies Record<string, Words>;
export type Language = keyof typeof kLanguages;

function isLanguage(name: string): name is Language {
  return name in kLanguages;
}

export function firstOf(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const name = tag.slice(0, 2).toLowerCase();
    if (isLanguage(name)) {
      return name;
    }
  }
  return "en";
}

const chosen = kept("flywheel.language", "");

export function language(): Language {
  return isLanguage(chosen.value) ? chosen.value : firstOf(globalThis.navigator?.languages ?? []);
}

export function speak(wanted: Language): void {
  chosen.value = wanted;
}

export function words(): Words {
  return kLanguages[language()];
}

/** The words of one view, in the language of the page. */
export function say<View>(own: Record<Language, View>): View {
  return own[language()];
}

const formats = { en: new Format("en"), ko: new Format("ko") } satisfies Record<Language, Format>;

export function format(): Format {
  return formats[language()];
}
