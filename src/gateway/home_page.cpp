// SPDX-License-Identifier: Apache-2.0
#include "gateway/home_page.h"

#include <string_view>

namespace flywheel::gateway {

namespace {

constexpr std::string_view kHtmlType = "text/html; charset=utf-8";
constexpr std::string_view kScriptType = "text/javascript; charset=utf-8";
constexpr std::string_view kStyleType = "text/css; charset=utf-8";
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

constexpr std::string_view kPage = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Flywheel</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/page.css">
<script src="/page.js" defer></script>
</head>
<body>
<header>
<h1>Flywheel <span id="model"></span></h1>
<p id="state" role="status">Asking the server …</p>
<noscript><p>This page needs its script to show numbers; they all stand in
<a href="/v1/status">/v1/status</a>.</p></noscript>
</header>
<main>
<section class="cards" aria-label="What runs">
<article><h2>Served</h2><p class="big" id="version">–</p><p id="served"></p></article>
<article><h2>Audited accuracy</h2><p class="big" id="accuracy">–</p><p id="audited"></p></article>
<article><h2>Questions</h2><p class="big" id="open">–</p><p id="labels"></p></article>
<article><h2>Turn of the wheel</h2><p class="big" id="turn">–</p><p id="due"></p></article>
<article><h2>The world</h2><p class="big" id="drift">–</p><p id="incident"></p></article>
<article><h2>Captured</h2><p class="big" id="rows">–</p><p id="captured"></p></article>
</section>
<section>
<h2>Last turns</h2>
<div class="scroll" tabindex="0" role="region" aria-label="Last turns">
<table>
<thead><tr><th scope="col">Turn</th><th scope="col">Until</th><th scope="col">Why</th>
<th scope="col" class="n">Served</th><th scope="col" class="n">Asked</th>
<th scope="col" class="n">Audited accuracy</th><th scope="col" class="n">Version</th>
<th scope="col">Verdict</th></tr></thead>
<tbody id="turns"></tbody>
</table>
</div>
</section>
<nav aria-label="API">
<h2>The API</h2>
<ul>
<li><a href="/v1/status">/v1/status</a> this page as JSON</li>
<li><a href="/v2">/v2</a> the inference protocol: metadata</li>
<li><a data-model="/v2/models/{m}" href="/v2">the model</a> its inputs, outputs and versions</li>
<li><a href="/v1/turns">/v1/turns</a> what the loop did, with its decisions</li>
<li><a data-model="/v1/models/{m}/versions" href="/v1/status">versions</a> and
<a data-model="/v1/models/{m}/evaluations" href="/v1/status">how they were judged</a></li>
<li><a data-model="/v1/models/{m}/rollouts" href="/v1/status">rollouts</a> what was served when</li>
<li><a data-model="/v1/models/{m}/labels" href="/v1/status">labels</a> as CSV, and
<a href="/v1/datasets">/v1/datasets</a></li>
<li><a href="/v1/incidents">/v1/incidents</a> and <a href="/v1/profiles">/v1/profiles</a> drift</li>
<li><a href="/metrics">/metrics</a> for Prometheus</li>
</ul>
</nav>
</main>
</body>
</html>
)";

constexpr std::string_view kStyle = R"(:root {
  --ground: #fbfbfa; --card: #fff; --ink: #1c1d1f; --soft: #5b5f66; --line: #dcdee2;
  --good: #14713f; --bad: #a82a2a; --link: #1a5fb4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #131416; --card: #1c1e21; --ink: #e9eaec; --soft: #a2a7af; --line: #34373c;
    --good: #6fd39b; --bad: #ff9a91; --link: #86b7ff;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 68rem; padding: 1rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, "Noto Sans", "Noto Sans CJK KR", "Apple SD Gothic Neo",
    "Malgun Gothic", sans-serif;
  overflow-wrap: anywhere; word-break: keep-all;
}
h1 { font-size: 1.5rem; margin: .5rem 0 0; }
h1 span { font-weight: 400; color: var(--soft); }
h2 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
a { color: var(--link); }
a:focus-visible, .scroll:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
#state { margin: .25rem 0 1rem; color: var(--soft); }
.good { color: var(--good); }
.bad, #state.bad { color: var(--bad); }
.cards { display: grid; gap: .75rem; grid-template-columns: repeat(auto-fill, minmax(16rem, 1fr)); }
article { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .75rem 1rem; }
article h2 { margin: 0; font-weight: 500; font-size: .875rem; color: var(--soft); }
article p { margin: 0; font-size: .875rem; color: var(--soft); }
article p.big { font-size: 1.5rem; color: var(--ink); font-variant-numeric: tabular-nums; }
article p.big.good { color: var(--good); }
article p.big.bad { color: var(--bad); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; }
th, td { text-align: left; padding: .375rem .75rem .375rem 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--soft); font-weight: 500; }
.n { text-align: right; font-variant-numeric: tabular-nums; }
ul { padding-left: 1.1rem; margin: 0 0 2rem; }
)";

constexpr std::string_view kScript = R"(const at = (id) => document.getElementById(id);
const number = (n) => Number(n).toLocaleString("en-US");
const share = (p) => Number(p).toFixed(3).replace(/^0/, "");
const day = (time) => (time ? String(time).slice(0, 10) : "–");

function say(id, text, mood) {
  const element = at(id);
  element.textContent = text;
  element.classList.toggle("good", mood === "good");
  element.classList.toggle("bad", mood === "bad");
}

function interval(a) {
  return `${share(a.accuracy)} (${share(a.lower)} to ${share(a.upper)}, n ${number(a.n)})`;
}

function show_served(s) {
  const served = s.served;
  say("version", served.version > 0 ? `version ${served.version}` : "nothing yet", served.ready ? "good" : "bad");
  const why = served.since ? `since ${day(served.since)}, moved by ${served.moved_by}` : "Import labelled rows to begin.";
  say("served", served.problem || why + (served.corrected ? "; label-shift correction is on" : ""));
}

function show_audited(s) {
  const a = s.audited;
  say("accuracy", a ? share(a.accuracy) : "not known yet");
  say("audited", a
    ? `95 % interval ${share(a.lower)} to ${share(a.upper)}, n ${number(a.n)}, rows ${day(a.window_begin)} to ${day(a.window_end)}`
    : "Answer audit questions, and the next turn says it.");
}

function show_work(s) {
  const open = s.labels.open;
  say("open", open > 0 ? `${number(open)} open` : "none open");
  say("labels", `${number(s.labels.answered)} of ${number(s.labels.tasks)} answered, ${number(s.labels.skipped)} skipped`);
  const turn = s.turn;
  say("turn", turn ? `turn ${turn.number}: ${turn.state === "waiting" ? "waits for people" : turn.step}` : "at rest");
  say("due", s.due.now ? `due now: ${s.due.reason}` : s.due.at ? `next one due ${day(s.due.at)}` : "");
  const incident = s.incidents[0];
  say("drift", incident ? "has moved" : "no drift proved", incident ? "bad" : "good");
  say("incident", incident ? incident.sentence : "");
  const captured = s.captured;
  const refused = captured && captured.failure;
  say("rows", captured ? `${number(captured.rows)} rows since the start` : "–", refused ? "bad" : "");
  say("captured", refused ? captured.failure : captured ? `${number(captured.feedback)} answers of users, ${number(captured.dropped)} rows dropped` : "");
}

function show_turns(s) {
  const rows = s.turns.map((turn) => {
    const row = document.createElement("tr");
    const cells = [turn.number, day(turn.window_end), turn.trigger, number(turn.served),
      number(turn.questions), turn.audited && turn.audited.n > 0 ? interval(turn.audited) : "–",
      turn.version || "–", turn.error || turn.verdict || turn.state];
    cells.forEach((text, i) => {
      const cell = document.createElement("td");
      cell.textContent = text;
      cell.className = [3, 4, 5, 6].includes(i) ? "n" : "";
      row.append(cell);
    });
    return row;
  });
  at("turns").replaceChildren(...rows);
}

async function refresh() {
  try {
    const answer = await fetch("/v1/status", { cache: "no-store" });
    const s = await answer.json();
    if (!answer.ok) throw new Error(s.error);
    say("model", s.model);
    document.title = `${s.model} – Flywheel`;
    for (const link of document.querySelectorAll("a[data-model]")) {
      link.href = link.dataset.model.replace("{m}", encodeURIComponent(s.model));
    }
    show_served(s);
    show_audited(s);
    show_work(s);
    show_turns(s);
    say("state", `As of ${s.time.slice(0, 19).replace("T", " ")} UTC.`);
  } catch (error) {
    say("state", `No answer from the server: ${error.message}`, "bad");
  }
}

refresh();
setInterval(() => document.visibilityState === "visible" && refresh(), 5000);
)";

http::Route static_route(
    std::string pattern, std::string name, std::string_view type, std::string_view body
) {
    return {
        .method = http::Method::Get,
        .pattern = std::move(pattern),
        .name = std::move(name),
        .run = [type,
                body](const http::HttpRequest&, http::HttpResponse& response) -> Result<void> {
            response.content_type = type;
            response.body = body;
            response.add_header("Content-Security-Policy", kPolicy);
            response.add_header("X-Content-Type-Options", "nosniff");
            response.add_header("Referrer-Policy", "no-referrer");
            response.add_header("Cache-Control", "no-cache");
            return {};
        },
    };
}

}  // namespace

void add_home_page(Gateway& gateway) {
    gateway.add(static_route("/", "home", kHtmlType, kPage));
    gateway.add(static_route("/page.js", "page_script", kScriptType, kScript));
    gateway.add(static_route("/page.css", "page_style", kStyleType, kStyle));
}

}  // namespace flywheel::gateway
