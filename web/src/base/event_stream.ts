// SPDX-License-Identifier: Apache-2.0
// Server-sent events, read from a fetch: EventSource cannot send a key. The format is that of the HTML standard, 9.2.6.

export interface ServerEvent {
  name: string;
  data: string;
  id: string;
}

/** Takes the text as it comes, in pieces of any size, and gives whole events. */
export class EventParser {
  #rest = "";
  #name = "";
  #data: string[] = [];
  #id = "";

  feed(piece: string): ServerEvent[] {
    const events: ServerEvent[] = [];
    // A line may end with CR, LF or both; a CR at the end may be half of both.
    const text = this.#rest + piece;
    let begin = 0;
    for (let at = 0; at < text.length; ++at) {
      const c = text[at];
      if (c !== "\n" && c !== "\r") {
        continue;
      }
      if (c === "\r" && at + 1 === text.length) {
        break;
      }
      this.#line(text.slice(begin, at), events);
      if (c === "\r" && text[at + 1] === "\n") {
        ++at;
      }
      begin = at + 1;
    }
    this.#rest = text.slice(begin);
    return events;
  }

  #line(line: string, events: ServerEvent[]): void {
    if (line === "") {
      if (this.#data.length > 0) {
        events.push({ name: this.#name || "message", data: this.#data.join("\n"), id: this.#id });
      }
      this.#name = "";
      this.#data = [];
      return;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "event") {
      this.#name = value;
    } else if (field === "data") {
      this.#data.push(value);
    } else if (field === "id" && !value.includes("\0")) {
      this.#id = value;
    }
  }
}
