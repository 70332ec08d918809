// SPDX-License-Identifier: Apache-2.0
// Sentences that the server wrote, in the language of the page: English ones as recorded, on the Korean page by the forms in
// sentences/, which only that page fetches.
import { format, language } from "./words.svelte";

/** Who wrote it: the server; or a person, for whom the server writes something only when they give no reason. */
export type Whose = "server" | "person";

export interface Recorded {
  text: string;
  /** Where it is not in the language of the page. */
  lang: "en" | undefined;
}

type Korean = (typeof import("./sentences/korean"))["korean"];

/** Null = cannot be fetched. */
let korean = $state.raw<Korean | null | undefined>();
let asked = false;

/** So that nothing has to wait for it later. */
export function fetchSentences(): void {
  if (language() === "ko" && !asked) {
    asked = true;
    import("./sentences/korean").then(
      (found) => (korean = found.korean),
      () => {
        korean = null;
      },
    );
  }
}

export function recorded(sentence: string, whose: Whose = "server"): Recorded {
  if (language() === "en") {
    return { text: sentence, lang: undefined };
  }
  fetchSentences();
  if (korean === undefined) {
    return { text: "…", lang: undefined };
  }
  const said = korean?.(sentence, whose, format());
  return said === undefined ? { text: sentence, lang: whose === "server" ? "en" : undefined } : { text: said, lang: undefined };
}
