// SPDX-License-Identifier: Apache-2.0
import { mount } from "svelte";

import "./parts/tokens.css";
import "./parts/base.css";
import App from "./App.svelte";
import { fetchSentences } from "./words/recorded.svelte";
import { format } from "./words/words.svelte";

const target = document.getElementById("page");
if (target) {
  fetchSentences();
  mount(App, { target });
  // The first use of a language's numbers reads its data, which fits in while the first answers are on their way.
  format().interval({ value: 0.5, lower: 0.25, upper: 0.75, n: 1000 });
}
