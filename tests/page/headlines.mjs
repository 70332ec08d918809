// SPDX-License-Identifier: Apache-2.0
// Headlines of three topics, each told by its words: the same ones that tests/cli/program.py writes.
const kTopics = {
  economy: "bank market price trade stock export loan 금리 환율 주가".split(" "),
  politics: "vote party minister law election senate 국회 대통령 선거 정책".split(" "),
  sports: "goal match league coach player stadium 야구 축구 감독 우승".split(" "),
};
export const kLabels = Object.keys(kTopics);

/** The same numbers each time: the generator of Park and Miller (1988); its products are exact in a double. */
export function chance(seed) {
  let state = seed; // 1 and more
  return (below) => {
    state = (state * 48_271) % (2 ** 31 - 1);
    return Math.floor((state / (2 ** 31 - 1)) * below);
  };
}

export function headlines(count, seed) {
  const pick = chance(seed);
  return Array.from({ length: count }, (_, i) => {
    const words = kTopics[kLabels[i % 3]];
    return [...Array.from({ length: 4 }, () => words[pick(words.length)]), `no${pick(1_000_000)}`].join(" ");
  });
}

/** What a careful person says of it; undefined for a text that is no headline. */
export const topicOf = (text) => kLabels.find((label) => kTopics[label].includes(text.split(" ")[0]));
