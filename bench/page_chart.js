// SPDX-License-Identifier: Apache-2.0
// A page with nothing but one chart of web/src/charts: five years of days, ten series with intervals. page_figures.mjs
// builds it with Vite into a temporary folder; the product has no part of it.
import { flushSync, mount } from "svelte";

import "web/parts/tokens.css";
import "web/parts/base.css";
import Chart from "web/charts/Chart.svelte";

const kDays = 5 * 365 + 1;
const kDay = 86_400_000;

/** What evaluations of ten slices could look like: seeded walks between 0 and 1. */
function made() {
  let seed = 1;
  const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  const series = Array.from({ length: 10 }, (_, s) => {
    let at = 0.7 + s * 0.02;
    const values = Array.from({ length: kDays }, () => (at = Math.min(0.99, Math.max(0.4, at + (random() - 0.5) * 0.02))));
    return { name: `slice ${s}`, values, lower: values.map((v) => v - 0.03), upper: values.map((v) => v + 0.03), n: values.map(() => 250) };
  });
  return { times: Array.from({ length: kDays }, (_, day) => Date.UTC(2021, 0, 1) + day * kDay), series };
}

const data = made();
const frame = () => new Promise((done) => requestAnimationFrame(done));
/** From within a frame's callback: resolves after that frame was painted. */
const painted = () => new Promise((done) => {
  const channel = new MessageChannel();
  channel.port1.onmessage = () => done(performance.now());
  channel.port2.postMessage(0);
});

globalThis.bench = {
  /** Milliseconds from mount to painted. */
  async mount() {
    await frame();
    await painted();
    const begin = performance.now();
    mount(Chart, { target: document.getElementById("page"), props: { title: "Accuracy", data, height: 320 } });
    flushSync();
    await frame();
    return (await painted()) - begin;
  },
  /** One step a frame: of each, the milliseconds of its work up to painted, and those from its frame to the next. */
  async move(keys) {
    const plot = document.querySelector(".plot");
    const work = [];
    const stamps = [await frame()];
    for (const key of keys) {
      const begin = performance.now();
      plot.dispatchEvent(new KeyboardEvent("keydown", { bubbles: true, cancelable: true, ...key }));
      flushSync();
      work.push((await painted()) - begin);
      stamps.push(await frame());
    }
    return { work, frames: stamps.slice(1).map((stamp, i) => stamp - stamps[i]) };
  },
};
