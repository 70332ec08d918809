// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";

import type { ModelMetadata } from "./api";
import { answerOf, curlOf, labelsOf, quoted, requestOf, takesText, votesOf } from "./inference";

const model: ModelMetadata = {
  name: "news",
  inputs: [{ name: "text", datatype: "BYTES", shape: [-1] }],
  outputs: ["label", "label_id", "scores", "embedding"].map((name) => ({ name, datatype: "FP32", shape: [-1] })),
  properties: { labels: '["IT과학","경제","사회"]' },
};

describe("a request", () => {
  it("has the text as it was typed, and asks for what is shown", () => {
    expect(requestOf(model, "q1", "금리 'up'\n")).toEqual({
      id: "q1",
      inputs: [{ name: "text", shape: [1], datatype: "BYTES", data: ["금리 'up'\n"] }],
      outputs: [{ name: "label" }, { name: "scores" }],
    });
    expect(requestOf({ ...model, outputs: [] }, "q1", "x")).not.toHaveProperty("outputs");
  });

  it("can only be made of a model that takes a text", () => {
    expect(takesText(model)).toBe(true);
    expect(takesText({ ...model, inputs: [{ name: "pixels", datatype: "FP32", shape: [-1, 784] }] })).toBe(false);
    expect(takesText({ ...model, inputs: [] })).toBe(false);
  });
});

describe("an answer", () => {
  const tensor = (name: string, data: (number | string)[]) => ({ name, data, datatype: "", shape: [] });

  it("has every score with its class, the highest first", () => {
    const outputs = [tensor("label", ["사회"]), tensor("scores", [0.1, 0.3, 0.6])];
    expect(answerOf({ model_name: "news", model_version: "48", id: "q1", outputs }, labelsOf(model))).toEqual({
      version: "48",
      label: "사회",
      scores: [{ label: "사회", score: 0.6 }, { label: "경제", score: 0.3 }, { label: "IT과학", score: 0.1 }],
    });
  });

  it("of a model without names has numbers for them", () => {
    expect(labelsOf({ ...model, properties: {} })).toEqual([]);
    expect(labelsOf({ ...model, properties: { labels: "{" } })).toEqual([]);
    expect(answerOf({ model_name: "", model_version: "1", id: "", outputs: [tensor("scores", [0.2, 0.8])] }, []).label).toBe("1");
    expect(answerOf({ model_name: "", model_version: "1", id: "", outputs: [] }, [])).toEqual({ version: "1", label: "", scores: [] });
  });
});

describe("the line for a shell", () => {
  it("is one word where quotes stand in it", () => {
    expect(quoted("it's")).toBe("'it'\\''s'");
    expect(quoted('$HOME `id` "x" \\ !')).toBe("'$HOME `id` \"x\" \\ !'");
  });

  it("stays one line, and never has the key", () => {
    const line = curlOf("http://127.0.0.1:8000/v2/models/news/infer", { data: ["금리 '인하'\n\"둘\""] }, true);
    expect(line).toBe(
      "curl -sS 'http://127.0.0.1:8000/v2/models/news/infer' -H \"Authorization: Bearer $FLYWHEEL_KEY\" -H 'Content-Type: application/json' " +
        `--data-raw '{"data":["금리 '\\''인하'\\''\\n\\"둘\\""]}'`,
    );
    expect(curlOf("http://x", {}, false)).not.toContain("KEY");
  });
});

describe("neighbours", () => {
  it("are counted by label", () => {
    const near = (label: string) => ({ item: "", text: "", similarity: 1, label, split: "train", answers: 1 });
    expect(votesOf(["b", "a", "b"].map(near))).toEqual([{ label: "b", count: 2 }, { label: "a", count: 1 }]);
    expect(votesOf([])).toEqual([]);
  });
});
