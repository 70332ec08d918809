// SPDX-License-Identifier: Apache-2.0
// Reads the Markdown of a model card into blocks that Markdown.svelte shows as elements: headings, paragraphs, lists,
// tables, code, bold. What is none of these stays text, tags included: nothing is ever taken for HTML.

export type Span = { kind: "text" | "bold" | "code"; text: string };

export type Block =
  | { kind: "heading"; level: number; spans: Span[] }
  | { kind: "paragraph"; spans: Span[] }
  | { kind: "list"; ordered: boolean; items: Span[][] }
  | { kind: "table"; head: Span[][]; rows: Span[][][] }
  | { kind: "code"; text: string }
  /** The lines between --- at the beginning. */
  | { kind: "about"; entries: [string, string][] };

const kBullet = /^\s{0,3}[-*+]\s+(.*)$/;
const kNumber = /^\s{0,3}\d{1,9}[.)]\s+(.*)$/;
const kHeading = /^(#{1,6})\s+(.*?)\s*#*\s*$/;
const kFence = /^\s{0,3}(```|~~~)/;
const kRule = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;

/** Code first, since stars inside it mean nothing. */
export function spansOf(text: string): Span[] {
  const spans: Span[] = [];
  let from = 0;
  for (const found of text.matchAll(/`([^`]+)`|\*\*([^*]+)\*\*/g)) {
    if (found.index > from) {
      spans.push({ kind: "text", text: text.slice(from, found.index) });
    }
    spans.push(found[1] !== undefined ? { kind: "code", text: found[1] } : { kind: "bold", text: found[2] ?? "" });
    from = found.index + found[0].length;
  }
  if (from < text.length) {
    spans.push({ kind: "text", text: text.slice(from) });
  }
  return spans;
}

/** The cells of "| a | b \| c |": two, the second one "b | c". */
export function cellsOf(line: string): string[] {
  const inner = line.trim().replace(/^\|/, "").replace(/(?<!\\)\|$/, "");
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
}

class Lines {
  readonly #lines: string[];
  #at = 0;

  constructor(text: string) {
    this.#lines = text.replaceAll("\r\n", "\n").split("\n");
  }

  peek(ahead = 0): string | undefined {
    return this.#lines[this.#at + ahead];
  }

  take(): string {
    return this.#lines[this.#at++] ?? "";
  }
}

function aboutOf(lines: Lines): Block {
  lines.take();
  const entries: [string, string][] = [];
  for (let line = lines.take(); line !== "---" && lines.peek() !== undefined; line = lines.take()) {
    const colon = line.indexOf(":");
    entries.push(colon < 0 ? [line, ""] : [line.slice(0, colon).trim(), line.slice(colon + 1).trim()]);
  }
  return { kind: "about", entries };
}

function codeOf(lines: Lines): Block {
  const fence = kFence.exec(lines.take())?.[1] ?? "```";
  const inside: string[] = [];
  while (lines.peek() !== undefined && !lines.peek()?.trimStart().startsWith(fence)) {
    inside.push(lines.take());
  }
  lines.take();
  return { kind: "code", text: inside.join("\n") };
}

function isTable(lines: Lines): boolean {
  return (lines.peek()?.includes("|") ?? false) && kRule.test(lines.peek(1) ?? "") && (lines.peek(1)?.includes("|") ?? false);
}

function tableOf(lines: Lines): Block {
  const head = cellsOf(lines.take());
  lines.take();
  const rows: string[][] = [];
  while (lines.peek()?.includes("|")) {
    const cells = cellsOf(lines.take());
    rows.push([...cells, ...Array<string>(Math.max(0, head.length - cells.length)).fill("")]);
  }
  return { kind: "table", head: head.map(spansOf), rows: rows.map((row) => row.map(spansOf)) };
}

function listOf(lines: Lines, pattern: RegExp): Block {
  const items: string[] = [];
  for (let found = pattern.exec(lines.peek() ?? ""); found; found = pattern.exec(lines.peek() ?? "")) {
    lines.take();
    items.push(found[1] ?? "");
  }
  return { kind: "list", ordered: pattern === kNumber, items: items.map(spansOf) };
}

function begins(lines: Lines): boolean {
  const line = lines.peek() ?? "";
  return kHeading.test(line) || kFence.test(line) || kBullet.test(line) || kNumber.test(line) || isTable(lines);
}

function blockOf(lines: Lines): Block {
  const line = lines.peek() ?? "";
  const heading = kHeading.exec(line);
  if (heading) {
    lines.take();
    return { kind: "heading", level: heading[1]?.length ?? 1, spans: spansOf(heading[2] ?? "") };
  }
  if (kFence.test(line)) {
    return codeOf(lines);
  }
  if (isTable(lines)) {
    return tableOf(lines);
  }
  for (const pattern of [kBullet, kNumber]) {
    if (pattern.test(line)) {
      return listOf(lines, pattern);
    }
  }
  const inside = [lines.take().trim()];
  while (lines.peek()?.trim() && !begins(lines)) {
    inside.push(lines.take().trim());
  }
  return { kind: "paragraph", spans: spansOf(inside.join(" ")) };
}

export function blocksOf(text: string): Block[] {
  const lines = new Lines(text);
  const blocks: Block[] = [];
  if (lines.peek() === "---" && /\n---(\n|$)/.test(text.replaceAll("\r\n", "\n"))) {
    blocks.push(aboutOf(lines));
  }
  while (lines.peek() !== undefined) {
    if (lines.peek()?.trim() === "") {
      lines.take();
    } else {
      blocks.push(blockOf(lines));
    }
  }
  return blocks;
}
