// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";

import { EventParser } from "./event_stream";

const kStream = 'retry: 1000\n: listening\n\nevent: changed\ndata: {"topics":["labels"]}\n\n: beat\n\ndata: a\ndata:b\nid: 7\n\ndata\n\n';

describe("server-sent events", () => {
  it("are whole however the text is cut", () => {
    const whole = new EventParser().feed(kStream);
    expect(whole).toEqual([
      { name: "changed", data: '{"topics":["labels"]}', id: "" },
      { name: "message", data: "a\nb", id: "7" },
      { name: "message", data: "", id: "7" },
    ]);
    for (const size of [1, 2, 3, 7]) {
      const parser = new EventParser();
      const events = [];
      for (let at = 0; at < kStream.length; at += size) {
        events.push(...parser.feed(kStream.slice(at, at + size)));
      }
      expect(events).toEqual(whole);
    }
  });

  it("may end their lines with CR, LF or both", () => {
    for (const end of ["\r\n", "\r", "\n"]) {
      const parser = new EventParser();
      const events = [...(kStream.replaceAll("\n", end) + "x")].flatMap((c) => parser.feed(c));
      expect(events.length).toBe(3);
    }
  });
});
