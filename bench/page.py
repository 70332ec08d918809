#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The page in a real Chromium: bytes, key press to the next task among 100,000, home from cold, a chart, labels a minute.

    python3 bench/page.py --flywheel build/release/flywheel [--quick] [--json]

The browser is driven by bench/page_figures.mjs (which also says what "painted" is), Label Studio by bench/label_studio.py.
"""
import csv
import hashlib
import http.client
import json
import os
import pathlib
import random
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid

import label_studio
from headlines import DATA, ROOT, headlines
from script import figure, run_script, say
from server import flywheel_serve, free_port, running

BENCH = pathlib.Path(__file__).resolve().parent
REFILL = 20  # web/src/labeling/desk.svelte.ts: kAtHand
US = 1_000_000


def browser():
    places = [os.environ.get("CHROMIUM"), *map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))]
    found = next((place for place in places if place), None)
    if found is None:
        raise RuntimeError("there is no Chromium; tools/setup.sh page installs it")
    return found


def in_browser(what, **wishes):
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "web.py"), "run", "node", str(BENCH / "page_figures.mjs"), what], input=json.dumps(wishes),
        env={**os.environ, "CHROMIUM": browser()}, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{what}: {next((line for line in done.stderr.splitlines() if 'Error' in line), done.stderr[-300:])}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def quantile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, env={**os.environ, "FLYWHEEL_DATA": str(DATA)})
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command[1:3]))}: {done.stderr.strip()[-300:]}")


def get(url):
    with urllib.request.urlopen(url, timeout=60) as answer:
        return json.load(answer)


def uuid7(microseconds, rng):
    """RFC 9562."""
    value = (microseconds // 1000) << 80 | rng.getrandbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    return str(uuid.UUID(int=value & ~(0x3 << 62) | 0x2 << 62))


def trained_project(flywheel, folder, name, rows):
    project = pathlib.Path(folder) / name
    run(flywheel, "init", project, "--model", "news")
    file = pathlib.Path(folder) / f"{name}.csv"
    with open(file, "w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows([("title", "topic"), *rows])
    run(flywheel, "import", file, "--dir", project, "--text", "title", "--label", "topic")
    run(flywheel, "turn", project)
    return project


def add_tasks(project, texts):
    """Questions as the room selection would have asked them, straight into the ledger (src/records/label_task.h, example.h)."""
    rng, now = random.Random(1), int(time.time() * US)
    with sqlite3.connect(project / "ledger.db") as ledger:
        (turn,) = ledger.execute("select id from turn order by number desc limit 1").fetchone()
        examples, tasks = [], []
        for rank, text in enumerate(texts):
            item = hashlib.sha256(text.encode()).hexdigest()
            examples.append({
                "id": item, "model": "news", "payload": text, "group_id": item, "multiplicity": 1, "origin": "captured", "licence": "",
                "first_seen": now, "last_seen": now})
            tasks.append({
                "id": uuid7(now, rng), "model": "news", "item": item, "group_id": item, "prediction": uuid7(now, rng), "turn": turn, "arm": "strategy",
                "strategy": "margin", "probability": None, "holdout": 0, "rank": rank, "window_begin": now - US, "window_end": now,
                "suggested": rank % 7, "suggested_probability": 0.5, "created": now})
        for table, rows in (("example", examples), ("label_task", tasks)):
            names = list(rows[0])
            ledger.executemany(f"insert into {table} ({', '.join(names)}) values ({', '.join(':' + name for name in names)})", rows)
    ledger.close()


def distinct(texts, count):
    """So many texts of which no two are the same; where there are too few they come again, numbered."""
    unique = list(dict.fromkeys(" ".join(text.split()) for text in texts))
    return [unique[i] if i < len(unique) else f"{unique[i % len(unique)]} {i}" for i in range(count)]


def size_figures(project, flywheel):
    port = free_port()
    with running(*flywheel_serve(flywheel, project, port)):
        told = in_browser("bytes", url=f"http://127.0.0.1:{port}")
    place, largest = max(told["views"].items(), key=lambda one: one[1])
    js = told["js"]
    return [
        figure("JavaScript of the first view, gzip", f"{js / 1000:.1f} kB (with document, styles and icon {told['all'] / 1000:.1f} kB)", "<= 90 kB", js <= 90_000, js),
        figure("JavaScript that the largest view adds, gzip", f"{largest / 1000:.1f} kB ({place})", "<= 120 kB", largest <= 120_000, largest),
    ]


def refill_ms(port, count):
    """What the server takes for one more person's tasks, by one kept connection."""
    line, taken = http.client.HTTPConnection("127.0.0.1", port), []
    for n in range(count):
        begin = time.perf_counter()
        line.request("GET", f"/v1/models/news/tasks?actor=refill-{n}&count={REFILL}")
        given = json.load(line.getresponse())
        taken.append((time.perf_counter() - begin) * 1000)
        if len(given["tasks"]) != REFILL:
            raise RuntimeError(f"{len(given['tasks'])} tasks instead of {REFILL}")
    line.close()
    return taken


def key_figures(flywheel, project, texts, quick):
    queued, presses = len(texts), 60 if quick else 300
    add_tasks(project, texts)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with running(*flywheel_serve(flywheel, project, port)):
        begin = time.perf_counter()
        left = get(f"{url}/v1/models/news/tasks?actor=looker&count=1")["left"]
        first_ms = (time.perf_counter() - begin) * 1000
        if left != queued:
            raise RuntimeError(f"{left} tasks are open instead of {queued}")
        refill = refill_ms(port, 50)
        told = in_browser("keys", url=url, count=presses, labels=7)
        now_left = get(f"{url}/v1/models/news/labels/progress")["open"]  # what waits for a second person is none of these
    if now_left != queued - presses or told["problems"]:
        raise RuntimeError(f"after {presses} presses {now_left} of {queued} tasks are open; {told['problems']}")
    ms = told["ms"]
    p95 = quantile(ms, .95)
    return [
        figure(f"key press to next task painted, {queued:,} queued, p95 of {presses}", f"{p95:.1f} ms (median {statistics.median(ms):.1f}, worst {max(ms):.1f})", "<= 50 ms", p95 <= 50, p95),
        figure(f"a refill of {REFILL} tasks among {queued:,}, by the server, p95 of 50", f"{quantile(refill, .95):.1f} ms (median {statistics.median(refill):.1f}; the first after a start {first_ms:.0f})",
               value=quantile(refill, .95)),
    ]


def home_figures(flywheel, folder, quick):
    project = pathlib.Path(folder) / "replayed"
    run(flywheel, "demo", "news", *(["--turns", "4"] if quick else []), "--keep", project)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with running(*flywheel_serve(flywheel, project, port)):
        turns = len(get(f"{url}/v1/turns?limit=1000")["turns"])
        ms = in_browser("home", url=url, count=3 if quick else 9)["ms"]
    middle = statistics.median(ms)
    return [figure(f"home from cold, {turns} turns replayed: four numbers painted, median of {len(ms)}", f"{middle:.0f} ms (worst {max(ms):.0f})", "<= 400 ms", middle <= 400, middle)]


def chart_figures(quick):
    steps = 240
    told = in_browser("chart", count=3 if quick else 9, steps=steps)
    mount, work, frames = statistics.median(told["mounts"]), told["work"], told["frames"]
    late = lambda values, limit: f"{sum(value > limit for value in values) / len(values):.0%}"
    return [
        figure(f"chart of 1,826 days, 10 series with intervals: mount to painted, median of {len(told['mounts'])}", f"{mount:.0f} ms (worst {max(told['mounts']):.0f})", "<= 200 ms", mount <= 200, mount),
        figure(f"the same, {steps} steps of pan and zoom: p95 of a step's work up to painted", f"{quantile(work, .95):.1f} ms ({late(work, 16.7)} over 16.7 ms; the first ten, before the browser has compiled the code, median {statistics.median(work[:10]):.0f} ms)", "<= 16 ms", quantile(work, .95) <= 16, quantile(work, .95)),
        figure("the same: p95 of the time from frame to frame", f"{quantile(frames, .95):.1f} ms ({late(frames, 16.7 + 0.5)} over 16.7 ms, 0.5 ms of timer allowed)", value=quantile(frames, .95)),
    ]


def typed_here(flywheel, project, texts, answers, count):
    """What the typist did on the label page, checked with what the API then says."""
    add_tasks(project, texts)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with running(*flywheel_serve(flywheel, project, port)):
        labels = get(f"{url}/v1/models/news/tasks?actor=looker&count=1")["tasks"][0]["labels"]
        digits = {text: labels.index(label) + 1 for text, label in answers.items()}
        # The looker's own task is lent for a quarter of an hour, so the typist begins at the second.
        told = in_browser("label", url=url, count=count, answers=digits)
        events = get(f"{url}/v1/models/news/label-events?actor=typist&limit=1000")["events"]
    if told["problems"]:
        raise RuntimeError(f"the page threw: {told['problems'][0]}")
    check("Flywheel", told, {event["text"]: [event["label"]] for event in events}, answers, len(events))
    return told


def typed_there(folder, texts, labels, answers, count):
    with label_studio.serving(folder) as peer:
        peer.make_project(texts, labels)
        told = in_browser(
            "label_studio", url=peer.url, email=label_studio.EMAIL, password=label_studio.PASSWORD, project=peer.project, count=count, submit=label_studio.SUBMIT,
            answers={text: labels.index(label) + 1 for text, label in answers.items()})
        said = peer.labels()
    check("Label Studio", told, said, answers, sum(map(len, said.values())))
    return told


def check(who, told, said, answers, events):
    wrong = [one["text"] for one in told["said"] if said.get(one["text"]) != [answers[one["text"]]]]
    if wrong or events != len(told["said"]):
        raise RuntimeError(f"{who}: {len(told['said'])} were typed, {events} are stored, {len(wrong)} of them not as typed, the first of {wrong[:1]}")
    if told["elsewhere"]:
        say(f"{who} asked elsewhere, and was refused: {sorted(set(told['elsewhere']))}")


def rate(told):
    return len(told["said"]) / told["seconds"] * 60


def label_figures(flywheel, folder, rows, texts, quick):
    count = 40 if quick else 200
    labels = sorted({label for _, label in rows})
    rng = random.Random(3)
    answers = {text: rng.choice(labels) for text in texts}
    ours = typed_here(flywheel, trained_project(flywheel, folder, "typed", rows), texts, answers, count)
    what = f"labels a minute by keyboard, no think time, {count} texts, {len(labels)} labels"
    said = f"{rate(ours):,.0f} (median {statistics.median(ours['ms']):.0f} ms a label)"
    try:
        theirs = typed_there(folder, texts, labels, answers, count)
    except (RuntimeError, OSError, subprocess.SubprocessError) as failed:
        return [figure(what, said, ">= 3 x Label Studio", None, rate(ours), f"Label Studio not measured: {str(failed).strip().splitlines()[0]}")]
    ratio, peer = rate(ours) / rate(theirs), label_studio.python_servers.versions(label_studio.NAME, ["label-studio"])
    return [figure(what, said, ">= 3 x Label Studio", ratio >= 3, rate(ours), f"{peer} {rate(theirs):,.0f} (median {statistics.median(theirs['ms']):,.0f} ms)", f"{ratio:.1f} x")]


def part(name, measured):
    """Its figures; one that says why there are none, so that the others stand."""
    say(f"page: {name}")
    try:
        return measured()
    except (RuntimeError, OSError, subprocess.SubprocessError) as failed:
        return [figure(name, f"not measured: {str(failed).strip().splitlines()[0]}", holds=False)]


def measure(flywheel, quick):
    first, served = headlines()
    texts = distinct(served, 100_000)
    rows = first[:600]
    version = re.search(r"[\d.]+", subprocess.run([browser(), "--version"], capture_output=True, text=True, check=True).stdout)[0]
    with tempfile.TemporaryDirectory() as folder:
        project = trained_project(flywheel, folder, "queue", rows)
        figures = part("bytes", lambda: size_figures(project, flywheel))
        figures += part("key press", lambda: key_figures(flywheel, project, texts[:10_000] if quick else texts, quick))
        figures += part("home", lambda: home_figures(flywheel, folder, quick))
        figures += part("chart", lambda: chart_figures(quick))
        figures += part("labels a minute", lambda: label_figures(flywheel, folder, rows, texts[:60 if quick else 260], quick))
    return figures, (
        f"Chromium {version}, headless, no GPU, 1280 x 800, over loopback; painted: a message posted from the requestAnimationFrame after the DOM changed. Bytes: bodies as the browser got them, gzip -9. "
        "Key presses by the browser's own input (CDP), each as soon as the next task was painted, counted from the event's timeStamp; the open tasks were put into the ledger by SQL. "
        "The refill is timed by a client on a kept connection. Home: a new profile each, from navigation start. Every window has been open for 1.5 s, since Chromium loads a page of its own with each new one. Labels: Label Studio as `label-studio start` serves it, with SQLite, in its own environment; same "
        "browser, texts and labels, its own hotkeys (digit, Ctrl+Enter), nothing let out of the machine. Ours end when the server has all; each label was found again through both APIs.")


if __name__ == "__main__":
    run_script(__doc__, measure)
