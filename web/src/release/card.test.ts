// SPDX-License-Identifier: Apache-2.0
// @vitest-environment jsdom
import { afterEach, describe, expect, it, vi } from "vitest";

import { clear, show } from "../parts/stage.svelte";
import Markdown from "./Markdown.svelte";
import ModelCard from "./ModelCard.svelte";

afterEach(async () => {
  vi.unstubAllGlobals();
  await clear();
});

describe("Markdown", () => {
  it("becomes elements: headings below the one it stands under, lists, tables, code", () => {
    const text = "# Card\n\n## Use\n\nFor **news** only, see `label`.\n\n- one\n- two\n\n| class | n |\n|---|---|\n| sports | 3 |\n\n```\n<b>raw</b>\n```\n";
    const page = show(Markdown, { text, title: "card" });
    expect(page.texts("h3")).toEqual(["Card"]);
    expect(page.texts("h4")).toEqual(["Use"]);
    expect(page.text("p strong")).toBe("news");
    expect(page.text("p code")).toBe("label");
    expect(page.texts("li")).toEqual(["one", "two"]);
    expect([page.texts("th"), page.texts("td")]).toEqual([["class", "n"], ["sports", "3"]]);
    expect(page.text("pre")).toBe("<b>raw</b>");
    expect(page.find("pre").tabIndex).toBe(0);
  });

  it("makes no element of what a text says", () => {
    const page = show(Markdown, { text: "# <img src=x onerror=alert(1)>\n\n<script>alert(1)</script> [a](javascript:alert(1))\n", title: "card" });
    expect(page.node.querySelectorAll("img, script, a").length).toBe(0);
    expect(page.text("h3")).toBe("<img src=x onerror=alert(1)>");
  });
});

describe("a model card", () => {
  it("is asked for by model and version, and shown", async () => {
    const asked: string[] = [];
    vi.stubGlobal("fetch", async (address: string) => {
      asked.push(address);
      return new Response("# news, version 3\n");
    });
    const page = show(ModelCard, { model: "ne ws", version: 3 });
    expect(page.text("[role=status]")).toBe("Asking the server …");
    await vi.waitFor(() => expect(page.text("h3")).toBe("news, version 3"));
    expect(asked).toEqual(["/v1/models/ne%20ws/versions/3/card"]);
  });

  it("says why there is none", async () => {
    vi.stubGlobal("fetch", async () => Response.json({ error: "There is no such version: 3" }, { status: 404 }));
    const page = show(ModelCard, { model: "news", version: 3 });
    await vi.waitFor(() => expect(page.text("[role=alert]")).toContain("There is no such version: 3"));
  });
});
