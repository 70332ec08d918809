// SPDX-License-Identifier: Apache-2.0
import { mount } from "svelte";

import "./parts/tokens.css";
import "./parts/base.css";
import App from "./App.svelte";
import { firstAnswers } from "./base/first_asks";
import { fetchSentences } from "./words/recorded.svelte";

const target = document.getElementById("page");
if (target) {
  fetchSentences();
  // No `await`: a module that others would have to wait for is cut into more files.
  void firstAnswers(100, "/v1/me", "/v1/status").then(() => mount(App, { target }));
}
