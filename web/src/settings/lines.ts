// SPDX-License-Identifier: Apache-2.0
// Two texts line by line: what goes, what comes, what stays. The longest common sequence of lines; settings have a
// hundred of them.

export interface Line {
  kind: "same" | "gone" | "new";
  text: string;
}

export function compareLines(before: string, after: string): Line[] {
  const a = before.split("\n");
  const b = after.split("\n");
  // common[i][j]: of a from i on and b from j on.
  const common = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; --i) {
    for (let j = b.length - 1; j >= 0; --j) {
      common[i]![j] = a[i] === b[j] ? common[i + 1]![j + 1]! + 1 : Math.max(common[i + 1]![j]!, common[i]![j + 1]!);
    }
  }
  const lines: Line[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push({ kind: "same", text: a[i]! });
      ++i;
      ++j;
    } else if (i < a.length && (j === b.length || common[i + 1]![j]! >= common[i]![j + 1]!)) {
      lines.push({ kind: "gone", text: a[i++]! });
    } else {
      lines.push({ kind: "new", text: b[j++]! });
    }
  }
  return lines;
}

/** Only the changed lines, each with `around` lines beside it; "" stands for what was left out. */
export function changedLines(lines: readonly Line[], around = 1): (Line | null)[] {
  const near = lines.map((_, at) => lines.slice(Math.max(0, at - around), at + around + 1).some((line) => line.kind !== "same"));
  const shown: (Line | null)[] = [];
  lines.forEach((line, at) => {
    if (near[at]) {
      shown.push(line);
    } else if (shown.length > 0 && shown.at(-1) !== null) {
      shown.push(null);
    }
  });
  return shown.at(-1) === null ? shown.slice(0, -1) : shown;
}
