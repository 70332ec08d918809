// SPDX-License-Identifier: Apache-2.0
// The scenes of which there is a golden picture: every view, in a state that shows much of it. Each belongs to a world, a server of its own
// (goldens.py makes them); what that one answered is recorded once, and played back for each picture.

const kWide = { width: 1280, height: 900 };
const kPhone = { width: 320, height: 700 };

/** In English on a wide screen light, whole, and dark, as far as one sees without scrolling; what more, `also` says. */
function scene(name, world, at, ready, also = []) {
  return [{}, ...also].map(({ language = "en", size = kWide }) => {
    const more = [...(language === "en" ? [] : [language]), ...(size === kWide ? [] : [`${size.width}`])];
    const first = more.length === 0;
    const pictures = [{ name: [name, "light", ...more].join("-"), colours: "light", whole: true }, ...(first ? [{ name: `${name}-dark`, colours: "dark", whole: false }] : [])];
    return { name: [name, ...more].join("-"), world, at, ready, language, size, pictures };
  });
}

const inKoreanAndNarrow = [{ language: "ko" }, { size: kPhone }, { language: "ko", size: kPhone }];
const sees = (selector) => (page) => page.locator(selector).first().waitFor();

async function desk(page) {
  await page.getByRole("textbox").fill("kim");
  await page.keyboard.press("Enter");
  await page.locator("[data-task]").waitFor();
}

async function tried(page) {
  await page.getByRole("textbox").fill("bank market 금리 loan");
  await page.keyboard.press("Control+Enter");
  await page.locator("[data-answer]").waitFor();
  await page.locator("ol li").first().waitFor();
}

/** In the order in which they are recorded. */
export const kScenes = [
  ...scene("home", "grown", "#/", sees("canvas"), inKoreanAndNarrow),
  ...scene("traffic", "grown", "#/traffic?range=all", sees("canvas")),
  ...scene("drift", "grown", "#/drift", sees("canvas")),
  ...scene("labels", "grown", "#/labels", sees("[data-event]")),
  ...scene("data", "grown", "#/data", sees("[data-item]")),
  ...scene("training", "grown", "#/training", sees("canvas")),
  ...scene("evaluation", "grown", "#/evaluation", sees("[role=grid]")),
  ...scene("release", "grown", "#/release", sees("[data-why]")),
  ...scene("try", "grown", "#/try", tried),
  ...scene("settings", "grown", "#/settings", sees("form input")),
  ...scene("label", "asking", "#/label", desk, inKoreanAndNarrow),
  ...scene("first-run", "empty", "#/", sees("figure")),
  ...scene("sign-in", "guarded", "#/", sees("form input")),
];

