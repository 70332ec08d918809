// SPDX-License-Identifier: Apache-2.0
#include "gateway/v1/guide.h"

#include <map>
#include <string>

namespace flywheel::gateway {

namespace {

// A paragraph each: method and path, a sentence, then lines that say what it takes and gives:
// "?name: meaning" of the query, "> body" and "< answer" as examples. Times are RFC 3339.
constexpr std::string_view kGuide = R"guide(
GET /v1/me
Who asks: the name of the key and what it may do; and what time it is here.
< {"name":"kim","roles":["label"],"guarded":true,"model":"news","time":"2026-11-29T08:00:00Z"}

GET /v1/events
News as server-sent events: each names a topic of which something is new.
< event: news, data: {"topic":"labels"}

GET /v1/status
All at a glance: what is served, audited accuracy, drift, open questions, the turn.
< {"model":"news","served":{…},"audited":{"accuracy":0.72,"lower":0.65,"upper":0.78,"n":180,"never_retrained":{"version":1,"accuracy":0.58,…}},"labels":{"open":12},"turn":null}

GET /v1/turns
Turns of the wheel, newest first, each with what it measured and decided.
?model: default the project's own
?limit: how many, 1 to 1000 (100)
< {"turns":[{"number":7,"state":"done","verdict":"promoted","summary":{…}}]}

GET /v1/turns/{turn}
One turn with its steps and their numbers.
< {"turn":{…},"steps":[{"name":"choose","output":{…}}],"decisions":[…]}

GET /v1/turns/{turn}/fits
What is fitted now: each trial of the search, or the final fit, with its losses so far.
< {"kind":"trial","trials":12,"fits":[{"trial":2,"step":7,"steps":20,"ended":false,"loss":null,"curve":[[1,1.4],[2,1.2]]}]}

POST /v1/turns
Opens a turn now; 409 while one is open.
> {"trigger":"person","window_end":"2026-11-28T00:00:00Z"}
< {"id":"0176bb3e-…","number":8,"state":"open"}

POST /v1/turns/{turn}/cancel
Ends an open turn; what answers stays as it is.
> {"who":"kim"}

GET /v1/models/{model}/tasks
Questions for one person, lent for 15 minutes; those on loan already come first.
?actor: who will answer; where there are keys, the name of the key
?count: how many, 1 to 100 (1)
< {"left":12,"tasks":[{"task_id":"…","text":"…","kind":"choice","labels":["a","b"],"suggestion":null,"suggestion_state":"off"}]}

POST /v1/labels
What a person says: an answer, skip, flag or undo; or up to 1,000 of them in "answers", each for itself. Sent again under its event_id, it counts once.
> {"event_id":"UUIDv7","task_id":"…","actor":"kim","action":"answer","label":"a","t_shown":1,"t_saved":2}
> {"answers":[{"task_id":"…","actor":"kim","action":"answer","labels":["a","b"]},{"actor":"kim","action":"undo"}]}
< {"event_id":"…","seq":41,"repeated":false}

GET /v1/models/{model}/labels
The present label of each item, as CSV.
< item,text,label,answers,agreeing,holdout,seq,received

GET /v1/models/{model}/labels/progress
How many tasks there are and how many are answered.
?turn: only those of this turn
< {"tasks":40,"answered":27,"skipped":1,"open":12}

GET /v1/models/{model}/label-events
What people said, one by one, newest first. A key that may only label sees its own.
?actor: only of this one
?item: only about this item
?before_seq: only older ones
?limit: how many, 1 to 1000 (100)
< {"events":[{"seq":41,"actor":"kim","action":"answer","label":"a","labels":null,"text":"…","undone":false}]}

GET /v1/models/{model}/annotators
Who labels, how much, how fast, and how well they agree (Krippendorff's alpha, confused pairs). `score`: how good by the answers of all and the model together (CROWDLAB).
< {"annotators":[{"actor":"kim","answers":40,"agreement":{"value":0.9,"lower":0.8,"upper":0.95,"n":30}}],"alpha":0.81,"confused":[…]}

GET /v1/models/{model}/guideline
What labellers are told: guideline.md of the project, and examples that most agreed on.
< {"text":"…","examples":[{"label":"a","texts":["…"]}]}

GET /v1/models/{model}/review
Items on which people differ, worst first; or those that were decided, newest first. Who said what is told once it is decided. Of one label a row, with 20 shared items, `likeliest` is the label by all answers and the served scores together, `quality` how likely it is (CROWDLAB).
?decided: 1 = those that were decided
?limit: how many, 1 to 1000 (100)
< {"waiting":3,"decided":1,"kind":"choice","labels":["a","b"],"items":[{"item":"…","text":"…","answers":[{"label":"a"}],"majority":"a","likeliest":"a","quality":0.62}]}

POST /v1/models/{model}/review
Decides what an item's label is; goes before all votes. An undo takes it back.
> {"item":"…","actor":"kim","label":"a","comment":"see the guideline"}

POST /v1/models/{model}/gold
Decides it, and asks the item of everybody once, to measure how right they are.
> {"item":"…","actor":"kim","label":"a"}

GET /v1/models/{model}/anchoring
How much a wrong suggestion pulls people: those who saw it against those who did not (Newcombe's interval).
< {"visible":{…},"hidden":{…},"difference":{"value":0.02,"lower":-0.03,"upper":0.07},"switched_off":false}

GET /v1/items/{item}
One item: its text, its label, everything said about it, and the dataset versions that hold it.
< {"item":"…","text":"…","label":"a","events":[…],"datasets":[…]}

GET /v1/notes
Notes on items, newest first.
?model: default the project's own
?item: only on this item
?limit: how many, 1 to 1000 (100)
< {"notes":[{"id":"…","item":"…","text":"…","who":"kim","created":"…"}]}

POST /v1/notes
Writes a note on an item.
> {"item":"…","who":"kim","text":"two topics in one"}

POST /v1/models/{model}/nearest
The training rows most like a text, by the served model's embedding.
> {"text":"…","count":10}
< {"neighbours":[{"item":"…","text":"…","similarity":0.83,"label":"a"}],"searched":2875,"version":48}

GET /v1/models/{model}/captured
A uniform sample of what was served in a window.
?from: begin (a day ago)
?to: end (now)
?label: only rows that were answered so
?version: only of this version
?limit: how many, 1 to 1000 (100)
< {"rows":[{"id":"…","time":"…","text":"…","label":"a","confidence":0.9,"version":"48"}],"sampled_of":5120}

GET /v1/models/{model}/traffic
Rates and latencies by version and route, in buckets of time.
?from: begin (a day ago)
?to: end (now)
?step: seconds of a bucket
< {"from":"…","to":"…","step_seconds":60,"labels":["a","b"],"buckets":[{"time":"…","version":"48","route":"stable","rows":40}]}

GET /v1/models/{model}/versions
Versions, newest first.
?limit: how many, 1 to 1000 (100)
< {"versions":[{"number":48,"dataset":"…","artefact":"…","labels":["a","b"],"created":"…"}]}

GET /v1/models/{model}/versions/{version}/card
The model card, as Markdown.

GET /v1/models/{model}/evaluations
Comparisons of a challenger with the champion, newest first.
?limit: how many, 1 to 1000 (100)
< {"evaluations":[{"id":"…","n":83,"only_challenger":1,"only_champion":2,"verdict":"undecided","reason":"…"}]}

GET /v1/models/{model}/evaluations/{evaluation}/rows
The rows of a comparison with what each version answers.
< {"rows":[{"item":"…","text":"…","truth":"a","challenger":{"label":"a"},"champion":{"label":"b"}}]}

GET /v1/models/{model}/rollouts
Moves of what answers, newest first: who, why, from which version to which.
?limit: how many, 1 to 1000 (100)
< {"rollouts":[{"from_version":46,"to_version":48,"state":"done","who":"loop","reason":"…"}]}

GET /v1/models/{model}/corrections
Label-shift corrections, newest first.
?limit: how many, 1 to 1000 (100)
< {"corrections":[{"enabled":false,"audited":400,"reason":"…"}]}

GET /v1/models/{model}/runs
Fits, newest first: trials of a search and final ones.
?limit: how many, 1 to 1000 (100)
< {"runs":[{"kind":"trial","trial":2,"loss":1.19,"settings":{…},"metrics":{…}}]}

GET /v1/models/{model}/serving
Which version each label means.
< {"labels":{"stable":48,"canary":0,"shadow":0,"previous":46},"loaded":[46,48]}

POST /v1/models/{model}/promote
A version answers everything.
> {"version":47,"who":"kim","reason":"…"}

POST /v1/models/{model}/shadow
A version gets copies of the traffic that no caller sees.
> {"version":49,"who":"kim","reason":"…"}

POST /v1/models/{model}/canary
A version answers a share of the traffic, each caller always the same one.
> {"version":49,"share":0.05,"who":"kim","reason":"…"}

POST /v1/models/{model}/share
Gives the canary another share.
> {"share":0.2,"who":"kim","reason":"…"}

POST /v1/models/{model}/finish
The canary or shadow becomes stable.
> {"who":"kim","reason":"…"}

POST /v1/models/{model}/cancel
Ends the canary or shadow; stable stays.
> {"who":"kim","reason":"…"}

POST /v1/models/{model}/rollback
The version before answers again, at once.
> {"who":"kim","reason":"…"}
< {"model":"news","labels":{"stable":46}}

POST /v1/models/{model}/import
A model file that lies in the vault becomes a version.
> {"engine":"openvino","artefact":"sha256","labels":["a","b"],"licence":"Apache-2.0","who":"kim","release":true}

GET /v1/datasets
Versions of the labelled rows, newest first.
?model: default the project's own
?limit: how many, 1 to 1000 (100)
< {"datasets":[{"id":"…","rows":2875,"counts":{"train":{"a":321}},"parent":"…"}]}

GET /v1/datasets/{dataset}/diff/{other}
What the other version added, removed, labelled anew or moved.
?limit: items named of each, 0 to 1000 (100)
< {"added":{"count":3,"items":["…"]},"relabelled":{"count":1,"items":[{"item":"…","before":"a","after":"b"}]}}

GET /v1/incidents
What monitoring proved, newest first.
?model: default the project's own
?state: open, closed or superseded
?limit: how many, 1 to 1000 (100)
< {"incidents":[{"sentence":"Drift: …","state":"open","evidence":90.7,"budget_days":90}]}

GET /v1/profiles
What monitoring saw of each window, newest first.
?model: default the project's own
?limit: how many, 1 to 1000 (100)
< {"profiles":[{"rows":632,"class_effect":0.1,"class_p":0.01,"window_begin":"…","window_end":"…"}]}

GET /v1/settings
The settings that may be changed, and flywheel.toml as it stands.
< {"settings":[{"name":"loop.every_days","value":14}],"toml":"…"}

POST /v1/settings
Changes settings in flywheel.toml, or with check only shows it. They count from the next start.
> {"changes":{"loop.every_days":7},"check":true}

POST /v1/import
Takes the rows of a file, which is the body; with check=1 only looks at it.
?name: of the file; tells its format
?text: column of the text (text)
?label: column of the label (label)
?id: column of the id (id)
?time: column of the time (time)
?annotators: column of answers by person (annotators)
?check: 1 = only look
?ask: 1 = people are asked about rows without a label
?kind: choice, or choices where a row may have several labels
?labels: their names with ';' between, for a model that has none yet
< {"rows":120,"rejected":2,"rejections":[{"line":7,"field":"text","message":"…"}],"asked":0}

GET /v1/keys
Keys: names, roles, last use; never the keys themselves.
< {"keys":[{"name":"kim","roles":["label"],"created":"…","last_used":"…"}]}

POST /v1/keys
Makes a key; it is shown this once.
> {"name":"kim","roles":["label"],"rate":100,"expires":"2027-01-01T00:00:00Z"}
< {"name":"kim","key":"…"}

POST /v1/keys/{name}/revoke
Whoever uses the key is refused from now on.

GET /v1/audit
Who did what, newest first.
?limit: how many, 1 to 1000 (100)
< {"events":[{"seq":9,"who":"kim","act":"rollback","outcome":200,"time":"…"}]}

GET /v1/audit/chain
Whether the trail is whole: recomputes its digests.
< {"events":9,"intact":true,"reason":""}

POST /v1/erase
Erases a subject everywhere, then searches every store to prove it.
> {"subject":"customer 4711"}

POST /v1/truth
Writes served rows with what was true of them as known at a time, as Parquet.
> {"as_of":"2026-11-01T00:00:00Z"}
)guide";

using Guide = std::map<std::string, http::RouteDoc, std::less<>>;

std::string_view take_line(std::string_view& text) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

Guide read_guide() {
    Guide guide;
    for (std::string_view rest = kGuide; !rest.empty();) {
        const std::string_view route = take_line(rest);
        if (route.empty()) {
            continue;
        }
        http::RouteDoc doc;
        doc.summary = take_line(rest);
        const auto end = std::min(rest.find("\n\n"), rest.size());
        doc.details = rest.starts_with('\n') ? std::string_view() : rest.substr(0, end);
        rest.remove_prefix(doc.details.size());
        guide.emplace(route, doc);
    }
    return guide;
}

}  // namespace

http::RouteDoc guide_to(http::Method method, std::string_view pattern) {
    static const Guide kAll = read_guide();
    const auto found = kAll.find(std::string(name_of(method)) + " " + std::string(pattern));
    return found == kAll.end() ? http::RouteDoc() : found->second;
}

}  // namespace flywheel::gateway
