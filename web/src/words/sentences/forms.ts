// SPDX-License-Identifier: Apache-2.0
// How a form of a sentence is read and said in Korean. A form is two texts. The first is the sentence as the server writes
// it, with holes where values stand:
//   {n} a number, said with as many decimals; {%} a number before " %"; {i} a number that names something: a version, a turn
//   {s} any text, said as it is; {who} a person or the loop; {score} "3 to 4 on 50 hold-out items"; {moment} RFC 3339
//   {names} several, said in quotes as they stand: 'a', 'b'
//   {a=가|b=나} one of these words; {name of a list in kClosed} a word of it;
//   {name of a list in kOpen} a word of it, else any text
//   {said} a whole sentence of a known form: one of an unknown form makes the whole unknown
// The second says it: {1} is the first hole, {1이/가} puts the particle behind it that its last sound wants, and {~1이/가}
// is that particle alone.
import type { Format } from "../../base/format";

export type Form = readonly [written: string, korean: string];
/** Of a sentence in a sentence; undefined = of no known form. */
export type Say = (sentence: string) => string | undefined;

type Read = (captured: string, format: Format, say: Say) => string | undefined;

interface Hole {
  pattern: string;
  read: Read;
}

interface Compiled {
  /** Before the first hole. */
  begin: string;
  pattern: RegExp;
  reads: Read[];
  korean: string;
}

const kNumber = String.raw`[-+]?(?:\d+(?:\.\d+)?(?:e[-+]?\d+)?|inf|nan)`;
const kScore = new RegExp(String.raw`^(\d+) to (\d+) on (\d+) hold-out items$`);

/** Words that the server puts into its sentences, where people and later versions may put others. */
const kOpen: Record<string, Record<string, string>> = {
  who: { loop: "루프", "a person": "사람" },
  trigger: { cadence: "때가 되어", "audited fall": "정확도가 떨어져", person: "사람이 시켜서", "first model": "첫 모델" },
  verdict: { promoted: "승격", kept: "유지", "no change": "변화 없음", failed: "실패", cancelled: "취소" },
  step: {
    observe: "드리프트 찾기", collect: "응답한 행 모으기", choose: "질문 고르기", gather: "답 기다리기", decide: "학습할지 결정하기",
    cut: "데이터셋 자르기", tune: "설정 찾기", train: "학습하기", judge: "홀드아웃에서 비교하기", release: "배포하기",
    correct: "클래스 비율 보정하기", settle: "마무리하기",
  },
};

/** Words of which it has no others. */
const kClosed: Record<string, Record<string, string>> = {
  table: {
    turn: "회전", evaluation: "평가", incident: "사건", label_task: "질문", label_event: "라벨 기록", example: "글", model_version: "버전",
    dataset_version: "데이터셋 버전", rollout: "배포 기록", training_run: "학습", schema: "라벨 목록", profile: "구간",
  },
  correction: { "stays on": "켠 채로 둡니다", "stays off": "끈 채로 둡니다", "goes on": "켭니다", "goes off": "끕니다" },
  type: {
    text: "글", "a number": "숫자", "true or false": "참이나 거짓", "an object": "객체", "a list": "목록",
    "text or a number": "글이나 숫자", "an object of persons and labels": "사람과 라벨의 객체",
  },
};

function numberOf(captured: string, format: Format): string {
  const value = Number(captured);
  const [, decimals = ""] = captured.split(".");
  const known = Number.isFinite(value) && !captured.includes("e");
  return (known ? format.fixed(value, decimals.length, captured.startsWith("+")) : captured).replace(/^-/, "−");
}

function percentOf(captured: string, format: Format): string {
  const [, decimals = ""] = captured.split(".");
  return format.percent(Number(captured) / 100, decimals.length);
}

function scoreOf(captured: string, format: Format): string | undefined {
  const [, a, b, n] = kScore.exec(captured) ?? [];
  return n === undefined ? undefined : `홀드아웃 항목 ${format.count(Number(n))}개에서 ${format.count(Number(a))} 대 ${format.count(Number(b))}`;
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}

function oneOf(words: Record<string, string>): Hole {
  const known = new Map(Object.entries(words));
  return { pattern: [...known.keys()].map(escaped).join("|"), read: (captured) => known.get(captured) };
}

function holeOf(name: string): Hole {
  switch (name) {
    case "n":
      return { pattern: kNumber, read: numberOf };
    case "%":
      return { pattern: String.raw`-?\d+(?:\.\d+)?(?= %)`, read: percentOf };
    case "i":
      return { pattern: String.raw`\d+`, read: (captured) => captured };
    case "s":
      return { pattern: "[^]*?", read: (captured) => captured };
    case "names":
      return { pattern: "'[^]*'", read: (captured) => `“${captured.slice(1, -1).replaceAll("', '", "”, “")}”` };
    case "score":
      return { pattern: String.raw`\d+ to \d+ on \d+ hold-out items`, read: scoreOf };
    case "moment":
      return { pattern: String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z`, read: (captured, format) => format.moment(captured) };
    case "said":
      return { pattern: "[^]+?", read: (captured, _format, say) => say(captured) };
  }
  const open = kOpen[name];
  if (open) {
    return { pattern: "[^]+?", read: (captured) => (Object.hasOwn(open, captured) ? open[captured] : captured) };
  }
  return oneOf(kClosed[name] ?? Object.fromEntries(name.split("|").map((word) => word.split("=", 2))));
}

function compile([written, korean]: Form): Compiled {
  const holes: Hole[] = [];
  const parts = written.split(/\{([^}]*)\}/);
  const pattern = parts.map((part, i) => {
    if (i % 2 === 0) {
      return escaped(part);
    }
    const hole = holeOf(part);
    holes.push(hole);
    return `(${hole.pattern})`;
  });
  return { begin: parts[0] ?? "", pattern: new RegExp(`^${pattern.join("")}$`, "u"), reads: holes.map((hole) => hole.read), korean };
}

/** How the last letter sounds: 0 = it ends in a vowel, 8 = in ㄹ, else in another consonant; undefined = nobody knows. */
function lastSound(text: string): number | undefined {
  const last = text.replace(/[\s"'”’).%]+$/, "").at(-1) ?? "";
  const letter = last.charCodeAt(0) - 0xac00;
  if (letter >= 0 && letter < 11172) {
    return letter % 28;
  }
  return /\d/.test(last) ? [21, 8, 0, 16, 0, 0, 1, 8, 8, 0][Number(last)] : undefined; // 영 일 이 삼 사 오 육 칠 팔 구
}

/** Of "이/가" the first behind a consonant, the second behind a vowel. */
export function particleOf(text: string, particles: string): string {
  const [hard = "", soft = ""] = particles.split("/");
  const sound = lastSound(text);
  if (sound === undefined) {
    return hard === "으로" ? "(으)로" : `${hard}(${soft})`;
  }
  return sound === 0 || (sound === 8 && hard === "으로") ? soft : hard;
}

/** Reads one form; undefined = the sentence is not of it. */
export function reader(form: Form): (sentence: string, format: Format, say: Say) => string | undefined {
  const begin = form[0].split("{", 1)[0] ?? "";
  let compiled: Compiled | undefined;
  return (sentence, format, say) => {
    if (!sentence.startsWith(begin)) {
      return undefined;
    }
    const { pattern, reads, korean } = (compiled ??= compile(form));
    const found = pattern.exec(sentence);
    if (!found) {
      return undefined;
    }
    const values = reads.map((read, i) => read(found[i + 1] ?? "", format, say));
    if (values.includes(undefined)) {
      return undefined;
    }
    return korean.replaceAll(/\{(~?)(\d)([^}]*)\}/g, (_, alone: string, at: string, particles: string) => {
      const value = values[Number(at) - 1] ?? "";
      return (alone ? "" : value) + (particles === "" ? "" : particleOf(value, particles));
    });
  };
}
