// SPDX-License-Identifier: Apache-2.0
// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { clear, inside, press, savedFiles, show } from "../parts/stage.svelte";
import Chart from "./Chart.svelte";
import Figure from "./Figure.svelte";
import Legend from "./Legend.svelte";

/** The drawing itself is uPlot's, on a canvas that jsdom has not: here it only notes what it is given and told. */
const plots = vi.hoisted(() => [] as { options: Record<string, never>; values: unknown[]; told: [string, unknown][]; destroyed: boolean }[]);
vi.mock("uplot", () => {
  class Plot {
    static tzDate = (date: Date) => date;
    readonly scales = { x: { min: 0, max: 0 } };
    readonly width = 0;
    readonly #noted: (typeof plots)[number];

    constructor(options: never, values: [number[]]) {
      this.#noted = { options, values, told: [], destroyed: false };
      this.scales.x = { min: values[0][0] ?? 0, max: values[0].at(-1) ?? 0 };
      plots.push(this.#noted);
    }
    setCursor(at: unknown): void {
      this.#noted.told.push(["cursor", at]);
    }
    setScale(_: string, range: { min: number; max: number }): void {
      this.scales.x = range;
      this.#noted.told.push(["range", range]);
    }
    setSize(): void {}
    valToPos(value: number): number {
      return value;
    }
    destroy(): void {
      this.#noted.destroyed = true;
    }
  }
  return { default: Plot };
});

const kDay = 86_400_000;
const data = {
  times: [0, 1, 2, 3].map((day) => Date.UTC(2024, 0, 1) + day * kDay),
  series: [
    { name: "accuracy", values: [0.5, null, 0.75, 1], lower: [0.4, null, 0.7, 0.9], upper: [0.6, null, 0.8, 1], n: [1200, 0, 40, 4] },
    { name: "rows", values: [1, 2, 3, 4] },
  ],
};
const write = (value: number) => `${value * 100} %`;

beforeEach(() => plots.splice(0));
afterEach(clear);

describe("a chart", () => {
  it("is the same as a table: every number, with interval and size", () => {
    const page = show(Chart, { title: "Accuracy", data, write });
    expect(plots.length).toBe(1);
    page.click("Table");
    expect(plots[0]!.destroyed).toBe(true);
    expect(page.find("[role=group]").getAttribute("aria-label")).toBe("Accuracy");
    expect(page.texts("th")).toEqual(["Time (UTC)", "accuracy", "accuracy, lower", "accuracy, upper", "accuracy, n", "rows"]);
    expect(page.texts("tbody tr:first-child td")).toEqual(["2024-01-01 00:00:00", "50 %", "40 %", "60 %", "1,200", "100 %"]);
    expect(page.texts("tbody tr:nth-child(2) td")).toEqual(["2024-01-02 00:00:00", "–", "–", "–", "0", "200 %"]);
    page.click("Chart");
    expect(plots.length).toBe(2);
  });

  it("is saved with its full numbers, whether drawing or table is shown", async () => {
    const files = savedFiles();
    const page = show(Chart, { title: "Accuracy", data, write });
    page.click("CSV");
    page.click("Table");
    page.click("CSV");
    const [first, second] = await Promise.all(files.map((file) => file.content));
    expect(files.map((file) => file.name)).toEqual(["Accuracy.csv", "Accuracy.csv"]);
    expect(first).toBe(second);
    expect(first!.split("\r\n")[1]).toBe("2024-01-01T00:00:00.000Z,0.5,0.4,0.6,1200,1");
  });

  it("gives the plot its lines, and draws below them each interval where both of its ends are known", () => {
    const paths: [number, number][][] = [];
    vi.stubGlobal("Path2D", class {
      readonly points: [number, number][] = [];
      moveTo = (x: number, y: number) => this.points.push([Math.round(x), Math.round(y)]);
      lineTo = this.moveTo;
      closePath(): void {}
    });
    show(Chart, { title: "Accuracy", data, write });
    const { options, values } = plots[0]! as unknown as { options: { hooks: { drawAxes: ((u: unknown) => void)[] } }; values: unknown[] };
    expect(values.length).toBe(3); // time, accuracy, rows
    const nothing = () => undefined;
    const ctx = { save: nothing, beginPath: nothing, rect: nothing, clip: nothing, translate: nothing, restore: nothing, fill: (path: { points: [number, number][] }) => paths.push(path.points) };
    const [min, max] = [data.times[0]! / 1000, data.times.at(-1)! / 1000];
    options.hooks.drawAxes[0]?.({ ctx, bbox: { left: 0, top: 0, width: 300, height: 100 }, series: [{ idxs: [0, 3] }], scales: { x: { min, max }, y: { min: 0, max: 1 } } });
    expect(paths).toEqual([[[0, 40], [0, 60], [200, 20], [300, 0], [300, 10], [200, 30]]]);
    vi.unstubAllGlobals();
  });

  it("has ticks only where what is written at them is right", () => {
    show(Chart, { title: "Accuracy", data });
    show(Chart, { title: "Rows", data, write: (value: number) => value.toFixed(0), whole: true });
    const axes = plots.map(({ options }) => (options as unknown as { axes: { incrs?: number[]; values: (...given: unknown[]) => string[] }[] }).axes[1]!);
    expect(axes.map(({ incrs }) => incrs?.[0])).toEqual([undefined, 1]);
    expect(axes[0]!.values(null, [0.9995, 1, 1.0005], 1, 40, 0.0005)).toEqual(["0.9995", "1", "1.0005"]);
  });

  it("is read by keys point by point, chosen by Enter, and leaves other keys alone", () => {
    const onpick = vi.fn();
    const page = show(Chart, { title: "Accuracy", data, write, onpick });
    const plot = page.find("[role=application]");
    const readout = () => page.text("[aria-live]");
    expect(press("Enter", {}, plot)).toBe(false);
    expect(press("ArrowRight", {}, plot)).toBe(true);
    expect(readout()).toBe("2024-01-01 · accuracy: 50 % (40 % – 60 %), n 1,200 · rows: 100 %");
    press("ArrowRight", {}, plot);
    expect(readout()).toBe("2024-01-02 · rows: 200 %");
    for (let i = 0; i < 9; ++i) {
      press("ArrowRight", {}, plot);
    }
    expect(readout()).toMatch(/^2024-01-04/);
    press("Enter", {}, plot);
    expect(onpick.mock.calls).toEqual([[3]]);
    expect(press("ArrowLeft", { ctrlKey: true }, plot)).toBe(false);
    expect(press("x", {}, plot)).toBe(false);
  });

  it("is zoomed and moved by keys, never beyond what there is", () => {
    const page = show(Chart, { title: "Accuracy", data, write });
    const plot = page.find("[role=application]");
    const [first, last] = [data.times[0]! / 1000, data.times[3]! / 1000];
    const range = () => (plots[0]!.told.filter(([what]) => what === "range").at(-1)?.[1] ?? {}) as { min: number; max: number };
    press("+", {}, plot);
    expect(range().max - range().min).toBe((last - first) / 2);
    press("ArrowRight", { shiftKey: true }, plot);
    press("ArrowRight", { shiftKey: true }, plot);
    press("ArrowRight", { shiftKey: true }, plot);
    expect(range().max).toBe(last);
    press("0", {}, plot);
    expect(range()).toEqual({ min: first, max: last });
    press("-", {}, plot);
    expect(range()).toEqual({ min: first, max: last });
  });

  it("says so where it has no points", () => {
    const page = show(Chart, { title: "Accuracy", data: { times: [], series: [] } });
    expect(page.text("p")).toBe("No points in this range.");
    expect(plots.length).toBe(0);
  });
});

describe("a figure", () => {
  const columns = [
    { name: "class", kind: "text" as const, cells: ["sports", "<b>x</b>"] }, { name: "share", kind: "percent" as const, cells: [0.25, null] },
    { name: "n", kind: "count" as const, cells: [4000, 0] }, { name: "loss", cells: [0.123456, 2] },
  ];

  it("writes each column as what it is, and texts as they are", () => {
    const page = show(Figure, { title: "Shares", columns, children: inside(() => "<svg></svg>") });
    expect(page.node.querySelector("svg")).not.toBeNull();
    page.click("Table");
    expect(page.node.querySelector("svg")).toBeNull();
    expect(page.texts("td")).toEqual(["sports", "25.0%", "4,000", "0.123", "<b>x</b>", "–", "0", "2"]);
    expect(page.node.querySelector("td b")).toBeNull();
    expect(page.find("button").getAttribute("aria-pressed")).toBe("true");
  });

  it("that is a table itself offers no other", () => {
    const page = show(Figure, { title: "Matrix", columns, tabular: true, children: inside(() => "<table></table>") });
    expect(page.texts("button")).toEqual(["CSV"]);
  });
});

describe("a legend", () => {
  it("tells lines apart by more than colour", () => {
    const lines = [...show(Legend, { names: ["a", "b", "c"] }).node.querySelectorAll("line")];
    expect(new Set(lines.map((line) => line.getAttribute("stroke-dasharray"))).size).toBe(3);
    expect(new Set(lines.map((line) => line.getAttribute("style"))).size).toBe(3);
  });
});
