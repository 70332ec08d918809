// SPDX-License-Identifier: Apache-2.0
import { mount } from "svelte";

import "./parts/tokens.css";
import "./parts/base.css";
import App from "./App.svelte";

const target = document.getElementById("page");
if (target) {
  mount(App, { target });
}
