// SPDX-License-Identifier: Apache-2.0
// The columns of a file before it is sent: from its first bytes only, for choosing; the server reads the file itself.

export interface Head {
  columns: string[];
  /** Of the first row that has them, by column. */
  first: Record<string, string>;
}

/** Of the first lines of a JSONL, CSV or TSV file; nothing when it cannot be told (compressed, or something else). */
export function headOf(name: string, text: string): Head | undefined {
  const lower = name.toLowerCase();
  if (lower.endsWith(".gz")) {
    return undefined;
  }
  const body = text.replace(/^\uFEFF/, "");
  const looksLikeJson = body.trimStart().startsWith("{");
  if (/\.(jsonl|ndjson)$/.test(lower) || looksLikeJson) {
    return headOfJson(body);
  }
  const separator = lower.endsWith(".tsv") ? "\t" : ",";
  const [header, row] = records(body, separator, 2);
  if (!header || header.every((column) => column === "")) {
    return undefined;
  }
  return { columns: header, first: Object.fromEntries(header.map((column, i) => [column, row?.[i] ?? ""])) };
}

function headOfJson(text: string): Head | undefined {
  const columns = new Set<string>();
  const first: Record<string, string> = {};
  for (const line of text.split("\n").slice(0, 20)) {
    let row: unknown;
    try {
      row = JSON.parse(line);
    } catch {
      continue; // cut off, or wrong: the server says so with its line
    }
    if (typeof row === "object" && row !== null && !Array.isArray(row)) {
      for (const [name, value] of Object.entries(row)) {
        columns.add(name);
        first[name] ??= typeof value === "string" ? value : JSON.stringify(value);
      }
    }
  }
  return columns.size > 0 ? { columns: [...columns], first } : undefined;
}

/** The first records of a table (RFC 4180). */
function records(text: string, separator: string, most: number): string[][] {
  const found: string[][] = [];
  let record: string[] = [];
  let field = "";
  let quoted = false;
  for (let at = 0; at < text.length && found.length < most; ++at) {
    const c = text[at]!;
    if (quoted) {
      if (c !== '"') {
        field += c;
      } else if (text[at + 1] === '"') {
        field += '"';
        ++at;
      } else {
        quoted = false;
      }
    } else if (c === '"' && field === "") {
      quoted = true;
    } else if (c === separator) {
      record.push(field);
      field = "";
    } else if (c === "\n" || c === "\r") {
      at += c === "\r" && text[at + 1] === "\n" ? 1 : 0;
      found.push([...record, field]);
      record = [];
      field = "";
    } else {
      field += c;
    }
  }
  if (found.length < most && (field !== "" || record.length > 0)) {
    found.push([...record, field]);
  }
  return found;
}

const kTextNames = ["text", "title", "sentence", "headline", "content", "body", "message", "review", "document", "문장", "제목", "내용", "본문"];
const kLabelNames = ["label", "class", "category", "topic", "target", "라벨", "분류", "주제", "범주"];

/** Which columns are likely meant; "" = none is. */
export function guess(columns: readonly string[]): { text: string; label: string } {
  const by = (names: readonly string[]) => columns.find((column) => names.includes(column.toLowerCase())) ?? "";
  return { text: by(kTextNames), label: by(kLabelNames) };
}
