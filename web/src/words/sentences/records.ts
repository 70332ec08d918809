// SPDX-License-Identifier: Apache-2.0
// Sentences that stand in records for ever, as their rooms write them (src/rooms, src/loop). A form that was once written
// stays here: records keep it.
import type { Form } from "./forms";

/** What the server writes for a person who gives no reason (rooms/release/release_by_hand.cpp, gateway/v2_repository.cpp). */
export const kByHand: readonly Form[] = [
  ["{who} released version {i}.", "{1이/가} 버전 {2을/를} 배포했습니다."],
  ["{who} started a {canary=카나리|shadow=섀도} of version {i} with {%} % of the traffic.", "{1이/가} 요청의 {4}로 버전 {3}의 {2을/를} 시작했습니다."],
  ["{who} set the share to {%} %.", "{1이/가} 비율을 {2}로 바꿨습니다."],
  ["{who} cancelled it.", "{1이/가} 취소했습니다."],
  ["The model was unloaded by force.", "모델을 강제로 내렸습니다."],
];

export const kRecords: readonly Form[] = [
  // rooms/monitoring/monitoring.cpp
  ["Drift: {said} (evidence {n} days, at most one false alarm in {n} days).", "드리프트: {1} (증거 {2}일, 거짓 경보는 {3}일에 많아야 한 번)."],
  ["{said}; the mean embedding moved by {n} standard deviations", "{1}; 평균 임베딩이 표준편차의 {2}배만큼 움직였습니다"],
  ["the share of class '{s}' went from {%} % to {%} %", "클래스 “{1}”의 비율이 {2}에서 {3}로 바뀌었습니다"],
  ["the share of class {i} went from {%} % to {%} %", "클래스 {1}의 비율이 {2}에서 {3}로 바뀌었습니다"],
  ["the mean embedding moved by {n} standard deviations", "평균 임베딩이 표준편차의 {1}배만큼 움직였습니다"],
  // rooms/monitoring/capture_incidents.cpp
  [
    "Capture holds back: {one row in ten is kept=행을 열 가운데 하나만 남깁니다|rows are dropped=행을 버립니다} (level {i}; so far {n} rows sampled away, {n} " +
      "dropped). Make room on the disk or raise capture.disk_max_gib.",
    "기록이 줄었습니다: {1} ({2}단계; 지금까지 솎은 행 {3}개, 버린 행 {4}개). 디스크를 비우거나 capture.disk_max_gib를 늘리세요.",
  ],
  // rooms/monitoring/label_incidents.cpp
  [
    "Suggestions pull people: {n} of {n} wrong ones were followed in sight, {n} of {n} when hidden ({n} points, {n} % interval {n} to {n}; {n} allowed). They " +
      "are off for this version of the labels.",
    "제안이 사람을 끌어당깁니다: 틀린 제안을 보여 주었을 때는 {2}개 가운데 {1}개, 숨겼을 때는 {4}개 가운데 {3}개를 따랐습니다 ({5}%p, {6} % 구간 {7}에서 {8}; {9}%p까지 허용). " +
      "이 라벨 목록에서는 제안을 껐습니다.",
  ],
  [
    "People differ {more=더 많이|less=더 적게} than before: on {n} of the last {n} texts that two of them answered, on {n} of {n} before ({n} points, {n} % " +
      "interval {n} to {n}; at most one false alarm in 100 times as many texts).",
    "사람들의 답이 전보다 {1} 갈립니다: 두 사람이 함께 답한 최근 글 {3}개 가운데 {2}개, 그 앞에는 {5}개 가운데 {4}개 ({6}%p, {7} % 구간 {8}에서 {9}; 거짓 경보는 그 100배의 글에 많아야 한 번).",
  ],

  // rooms/evaluation/gate.cpp
  ["There is no champion yet; right on {n} of {n} hold-out items.", "비교할 챔피언이 아직 없습니다. 홀드아웃 항목 {2}개 가운데 {1}개를 맞혔습니다."],
  ["Too few hold-out items to judge: {score}, at least {n} needed.", "평가하기에는 너무 적습니다: {1}, 적어도 {2}개가 필요합니다."],
  ["The challenger is worse: {score}, p = {n}.", "도전자가 더 나쁩니다: {1}, p = {2}."],
  [
    "The challenger is worse in class '{s}': {n} to {n} on {n} items; {score} in all.",
    "도전자가 클래스 “{1}”에서 더 나쁩니다: 항목 {4}개에서 {2} 대 {3}; 모두 합쳐 {5}.",
  ],
  [
    "The challenger is no worse: {score}, the difference is above {n} points with {%} %, log-loss {n} against {n}.",
    "도전자가 더 나쁘지 않습니다: {1}, 차이는 {3}의 확신으로 {2}%p보다 크고, 로그 손실은 {4} 대 {5}.",
  ],
  [
    "Neither is proven: {score}, the difference is above {n} points with {%} %, log-loss {n} against {n}.",
    "어느 쪽도 증명되지 않았습니다: {1}, 차이는 {3}의 확신으로 {2}%p보다 크고, 로그 손실은 {4} 대 {5}.",
  ],
  // rooms/evaluation/correction.cpp
  [
    "Correction {correction}: it alone is right on {n} audited rows, plain scores alone on {n}, of {n} (at least {n} needed).",
    "보정을 {1}: 검사한 행 {4}개 가운데 보정만 맞은 것 {2}개, 원래 점수만 맞은 것 {3}개 (적어도 {5}개 필요).",
  ],
  [
    "Correction {correction}: it alone is right on {n} audited rows, plain scores alone on {n}, of {n}, mean recall {n} points (at " +
      "least {n} needed).",
    "보정을 {1}: 검사한 행 {4}개 가운데 보정만 맞은 것 {2}개, 원래 점수만 맞은 것 {3}개, 평균 재현율 {5}%p (적어도 {6}개 필요).",
  ],

  // rooms/release/release.cpp
  ["Kept the champion. {said}", "챔피언을 유지했습니다. {1}"],
  ["Kept the champion, since nothing is proven. {said}", "증명된 것이 없어 챔피언을 유지했습니다. {1}"],
  ["Kept the champion, since the challenger looks worse. {said}", "도전자가 더 나빠 보여 챔피언을 유지했습니다. {1}"],
  ["Released the fresher version, since it is not seen to be worse. {said}", "더 나빠 보이지 않아 더 새로운 버전을 배포했습니다. {1}"],
  ["A {canary=카나리|shadow=섀도} of version {i} is under way; it is decided first.", "버전 {2}의 {1}가 진행 중이어서 그 결정이 먼저입니다."],
  ["Version {i} is served already.", "버전 {1이/가} 이미 응답하고 있습니다."],
  ["Another version than the one judged is served now, version {i}: judge again.", "지금은 평가할 때와 다른 버전 {1이/가} 응답합니다. 다시 평가해야 합니다."],
  ["Version {i} was rolled back before; only a person can release it again.", "버전 {1은/는} 롤백한 적이 있어 사람만 다시 배포할 수 있습니다."],

  // loop/conductor.cpp, loop/steps_ask.cpp, loop/steps_learn.cpp
  ["turn {i}: {trigger}", "{1}번째 회전: {2}"],
  ["turn {i}, step '{step}': {said}", "{1}번째 회전, {2}: {3}"],
  ["cancelled by {who}", "{1이/가} 취소함"],
  ["drift: labels first", "드리프트: 라벨부터"],
  ["no drift proved", "증명된 드리프트 없음"],
  ["ask {n} questions", "질문 {1}개 하기"],
  ["no engine for it", "배울 엔진이 없음"],
  ["no: no engine learns rows of several labels yet", "아니요: 라벨이 여러 개인 행을 배우는 엔진이 아직 없음"],
  ["first model", "첫 모델"],
  ["no: too few new labels", "아니요: 새 라벨이 너무 적음"],
  ["yes: a person asked", "예: 사람이 시킴"],
  ["yes: audited accuracy fell", "예: 검사한 정확도가 떨어짐"],
  ["yes: {trigger}", "예: {1}"],
  ["Nothing was trained: no engine learns rows of several labels yet.", "학습하지 않았습니다. 라벨이 여러 개인 행을 배우는 엔진이 아직 없습니다."],
  ["Nothing was trained: {n} new labels, and at least {n} are asked for.", "학습하지 않았습니다. 새 라벨이 {1}개인데 적어도 {2}개가 필요합니다."],
  ["promoted", "승격"],
  ["kept", "유지"],
  ["on", "켬"],
  ["off", "끔"],
  ["promote unless worse", "더 나쁘지 않으면 승격"],
];
