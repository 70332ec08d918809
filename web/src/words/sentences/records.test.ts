// SPDX-License-Identifier: Apache-2.0
// Each form of records.ts as the C++ writes it. One that changes there is added, and the old one stays.
import { describe, expect, it } from "vitest";

import { Format } from "../../base/format";
import { korean } from "./korean";
import { kByHand, kRecords } from "./records";
import { kRefusals } from "./refusals";
import { formsUsed } from "./used";

const kForms = [...kByHand, ...kRecords];
const kSentences: readonly [written: string, korean: string][] = [
  ["kim released version 2.", "kim이(가) 버전 2를 배포했습니다."],
  ["a person released version 46.", "사람이 버전 46을 배포했습니다."],
  ["kim started a canary of version 3 with 5 % of the traffic.", "kim이(가) 요청의 5%로 버전 3의 카나리를 시작했습니다."],
  ["lee started a shadow of version 12 with 12.5 % of the traffic.", "lee이(가) 요청의 12.5%로 버전 12의 섀도를 시작했습니다."],
  ["민지 set the share to 25 %.", "민지가 비율을 25%로 바꿨습니다."],
  ["kim cancelled it.", "kim이(가) 취소했습니다."],
  ["The model was unloaded by force.", "모델을 강제로 내렸습니다."],
  [
    "Drift: the share of class 'trade' went from 12.3 % to 20.1 % (evidence 91 days, at most one false alarm in 90 days).",
    "드리프트: 클래스 “trade”의 비율이 12.3%에서 20.1%로 바뀌었습니다 (증거 91일, 거짓 경보는 90일에 많아야 한 번).",
  ],
  [
    "Drift: the share of class 3 went from 0.0 % to 4.4 % (evidence 1234 days, at most one false alarm in 90 days).",
    "드리프트: 클래스 3의 비율이 0.0%에서 4.4%로 바뀌었습니다 (증거 1,234일, 거짓 경보는 90일에 많아야 한 번).",
  ],
  [
    "Drift: the mean embedding moved by 0.31 standard deviations (evidence 104 days, at most one false alarm in 90 days).",
    "드리프트: 평균 임베딩이 표준편차의 0.31배만큼 움직였습니다 (증거 104일, 거짓 경보는 90일에 많아야 한 번).",
  ],
  [
    "Drift: the share of class 'it's; \"new\" <b>' went from 12.3 % to 20.1 %; the mean embedding moved by 0.31 standard deviations (evidence 91 days, at most one false alarm in 90 days).",
    "드리프트: 클래스 “it's; \"new\" <b>”의 비율이 12.3%에서 20.1%로 바뀌었습니다; 평균 임베딩이 표준편차의 0.31배만큼 움직였습니다 (증거 91일, 거짓 경보는 90일에 많아야 한 번).",
  ],
  [
    "Capture holds back: one row in ten is kept (level 2; so far 12345 rows sampled away, 0 dropped). Make room on the disk or raise capture.disk_max_gib.",
    "기록이 줄었습니다: 행을 열 가운데 하나만 남깁니다 (2단계; 지금까지 솎은 행 12,345개, 버린 행 0개). 디스크를 비우거나 capture.disk_max_gib를 늘리세요.",
  ],
  [
    "Capture holds back: rows are dropped (level 3; so far 12345 rows sampled away, 678 dropped). Make room on the disk or raise capture.disk_max_gib.",
    "기록이 줄었습니다: 행을 버립니다 (3단계; 지금까지 솎은 행 12,345개, 버린 행 678개). 디스크를 비우거나 capture.disk_max_gib를 늘리세요.",
  ],
  [
    "Suggestions pull people: 40 of 60 wrong ones were followed in sight, 5 of 30 when hidden (50.0 points, 95 % interval 30.1 to 64.0; 5 allowed). They are off for this version of the labels.",
    "제안이 사람을 끌어당깁니다: 틀린 제안을 보여 주었을 때는 60개 가운데 40개, 숨겼을 때는 30개 가운데 5개를 따랐습니다 (50.0%p, 95 % 구간 30.1에서 64.0; 5%p까지 허용). 이 라벨 목록에서는 제안을 껐습니다.",
  ],
  [
    "People differ more than before: on 40 of the last 200 texts that two of them answered, on 20 of 400 before (15.0 points, 99 % interval 7.6 to 23.2; at most one false alarm in 100 times as many texts).",
    "사람들의 답이 전보다 더 많이 갈립니다: 두 사람이 함께 답한 최근 글 200개 가운데 40개, 그 앞에는 400개 가운데 20개 (15.0%p, 99 % 구간 7.6에서 23.2; 거짓 경보는 그 100배의 글에 많아야 한 번).",
  ],
  ["There is no champion yet; right on 61 of 83 hold-out items.", "비교할 챔피언이 아직 없습니다. 홀드아웃 항목 83개 가운데 61개를 맞혔습니다."],
  ["Too few hold-out items to judge: 1 to 2 on 12 hold-out items, at least 50 needed.", "평가하기에는 너무 적습니다: 홀드아웃 항목 12개에서 1 대 2, 적어도 50개가 필요합니다."],
  ["The challenger is worse: 3 to 14 on 1527 hold-out items, p = 0.0064.", "도전자가 더 나쁩니다: 홀드아웃 항목 1,527개에서 3 대 14, p = 0.0064."],
  [
    "The challenger is worse in class 'money': 0 to 6 on 41 items; 9 to 11 on 527 hold-out items in all.",
    "도전자가 클래스 “money”에서 더 나쁩니다: 항목 41개에서 0 대 6; 모두 합쳐 홀드아웃 항목 527개에서 9 대 11.",
  ],
  [
    "The challenger is no worse: 19 to 8 on 527 hold-out items, the difference is above +0.5 points with 95 %, log-loss 0.610 against 0.642.",
    "도전자가 더 나쁘지 않습니다: 홀드아웃 항목 527개에서 19 대 8, 차이는 95%의 확신으로 +0.5%p보다 크고, 로그 손실은 0.610 대 0.642.",
  ],
  [
    "Neither is proven: 9 to 8 on 527 hold-out items, the difference is above -1.4 points with 95 %, log-loss 0.610 against 0.642.",
    "어느 쪽도 증명되지 않았습니다: 홀드아웃 항목 527개에서 9 대 8, 차이는 95%의 확신으로 −1.4%p보다 크고, 로그 손실은 0.610 대 0.642.",
  ],
  [
    "Correction stays on: it alone is right on 13 audited rows, plain scores alone on 4, of 1400, mean recall +0.4 points (at least 200 needed).",
    "보정을 켠 채로 둡니다: 검사한 행 1,400개 가운데 보정만 맞은 것 13개, 원래 점수만 맞은 것 4개, 평균 재현율 +0.4%p (적어도 200개 필요).",
  ],
  [
    "Correction stays off: it alone is right on 3 audited rows, plain scores alone on 4, of 400 (at least 200 needed).",
    "보정을 끈 채로 둡니다: 검사한 행 400개 가운데 보정만 맞은 것 3개, 원래 점수만 맞은 것 4개 (적어도 200개 필요).",
  ],
  [
    "Correction goes on: it alone is right on 13 audited rows, plain scores alone on 4, of 1400 (at least 200 needed).",
    "보정을 켭니다: 검사한 행 1,400개 가운데 보정만 맞은 것 13개, 원래 점수만 맞은 것 4개 (적어도 200개 필요).",
  ],
  [
    "Correction goes off: it alone is right on 13 audited rows, plain scores alone on 4, of 1400, mean recall -0.4 points (at least 200 needed).",
    "보정을 끕니다: 검사한 행 1,400개 가운데 보정만 맞은 것 13개, 원래 점수만 맞은 것 4개, 평균 재현율 −0.4%p (적어도 200개 필요).",
  ],
  ["Kept the champion. The challenger is worse: 3 to 14 on 527 hold-out items, p = 0.0064.", "챔피언을 유지했습니다. 도전자가 더 나쁩니다: 홀드아웃 항목 527개에서 3 대 14, p = 0.0064."],
  [
    "Kept the champion, since nothing is proven. Neither is proven: 9 to 8 on 527 hold-out items, the difference is above -1.4 points with 95 %, log-loss 0.610 against 0.642.",
    "증명된 것이 없어 챔피언을 유지했습니다. 어느 쪽도 증명되지 않았습니다: 홀드아웃 항목 527개에서 9 대 8, 차이는 95%의 확신으로 −1.4%p보다 크고, 로그 손실은 0.610 대 0.642.",
  ],
  [
    "Kept the champion, since the challenger looks worse. Too few hold-out items to judge: 1 to 2 on 12 hold-out items, at least 50 needed.",
    "도전자가 더 나빠 보여 챔피언을 유지했습니다. 평가하기에는 너무 적습니다: 홀드아웃 항목 12개에서 1 대 2, 적어도 50개가 필요합니다.",
  ],
  [
    "Released the fresher version, since it is not seen to be worse. Neither is proven: 9 to 8 on 527 hold-out items, the difference is above -1.4 points with 95 %, log-loss 0.610 against 0.642.",
    "더 나빠 보이지 않아 더 새로운 버전을 배포했습니다. 어느 쪽도 증명되지 않았습니다: 홀드아웃 항목 527개에서 9 대 8, 차이는 95%의 확신으로 −1.4%p보다 크고, 로그 손실은 0.610 대 0.642.",
  ],
  ["A canary of version 7 is under way; it is decided first.", "버전 7의 카나리가 진행 중이어서 그 결정이 먼저입니다."],
  ["Version 7 is served already.", "버전 7이 이미 응답하고 있습니다."],
  ["Another version than the one judged is served now, version 6: judge again.", "지금은 평가할 때와 다른 버전 6이 응답합니다. 다시 평가해야 합니다."],
  ["Version 13 was rolled back before; only a person can release it again.", "버전 13은 롤백한 적이 있어 사람만 다시 배포할 수 있습니다."],
  ["turn 14: cadence", "14번째 회전: 때가 되어"],
  ["turn 1: first model", "1번째 회전: 첫 모델"],
  ["turn 3: after the holidays", "3번째 회전: after the holidays"],
  [
    "turn 3, step 'tune': No settings could be fitted: A fit needs rows of at least two classes; all rows have label 1",
    "3번째 회전, 설정 찾기: 어떤 설정으로도 학습하지 못했습니다: 학습하려면 두 클래스 이상의 행이 있어야 합니다.",
  ],
  ["cancelled by kim", "kim이(가) 취소함"],
  ["cancelled by a person", "사람이 취소함"],
  ["drift: labels first", "드리프트: 라벨부터"],
  ["no drift proved", "증명된 드리프트 없음"],
  ["ask 900 questions", "질문 900개 하기"],
  ["no engine for it", "배울 엔진이 없음"],
  ["no: no engine learns rows of several labels yet", "아니요: 라벨이 여러 개인 행을 배우는 엔진이 아직 없음"],
  ["first model", "첫 모델"],
  ["no: too few new labels", "아니요: 새 라벨이 너무 적음"],
  ["Nothing was trained: no engine learns rows of several labels yet.", "학습하지 않았습니다. 라벨이 여러 개인 행을 배우는 엔진이 아직 없습니다."],
  ["Nothing was trained: 3 new labels, and at least 10 are asked for.", "학습하지 않았습니다. 새 라벨이 3개인데 적어도 10개가 필요합니다."],
  ["yes: a person asked", "예: 사람이 시킴"],
  ["yes: audited accuracy fell", "예: 검사한 정확도가 떨어짐"],
  ["yes: cadence", "예: 때가 되어"],
  ["promoted", "승격"],
  ["kept", "유지"],
  ["on", "켬"],
  ["off", "끔"],
  ["promote unless worse", "더 나쁘지 않으면 승격"],
];

describe("what the server writes into records", () => {
  it.each(kSentences)("%s", (written, expected) => {
    expect(korean(written, "server", new Format("ko"))).toBe(expected);
  });

  it("all have an example here", () => {
    const used = formsUsed([...kForms, ...kRefusals], kSentences.map(([written]) => written));
    expect(kForms.filter((form) => !used.has(form)).map(([written]) => written)).toEqual([]);
  });
});
