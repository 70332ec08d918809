#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Feedback in batches of JSON lines, and looking a request up after its answer, through the built program.

    python3 bench/feedback.py --flywheel build/release/flywheel [--quick] [--json]
"""
import http.client
import json
import statistics
import tempfile
import time

from headlines import headlines
from script import figure, run_script, say
from server import flywheel_serve, free_port, make_project, running

ROWS = 1_000  # a request
LINES = 10_000  # a batch: the limit


def ask(peer, verb, path, body=None, content_type="application/json"):
    peer.request(verb, path, body, {"Content-Type": content_type} if body else {})
    answer = peer.getresponse()
    return answer.status, answer.read()


def serve_rows(peer, requests, texts):
    """Requests of ROWS rows each; their ids."""
    ids = []
    for number in range(requests):
        rows = [texts[(number * 131 + i) % len(texts)] for i in range(ROWS)]
        body = {"id": f"bench-{number}", "inputs": [{"name": "text", "shape": [ROWS], "datatype": "BYTES", "data": rows}], "outputs": [{"name": "label"}]}
        status, text = ask(peer, "POST", "/v2/models/news/infer", json.dumps(body).encode())
        if status != 200:
            raise RuntimeError(f"infer answered {status}: {text[:200]}")
        ids.append(body["id"])
        time.sleep(0.02)  # what capture drops could not be told about
    return ids


def batches(ids, label):
    lines = [json.dumps({"id": one, "row": row, "label": label, "source": "user"}, ensure_ascii=False) for one in ids for row in range(ROWS)]
    return ["\n".join(lines[i:i + LINES]).encode() for i in range(0, len(lines), LINES)]


def look_ups(peer, ids):
    """Milliseconds from the answer of an infer until its rows can be looked up, and of look-ups of older ones."""
    fresh, old = [], []
    body = {"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["look up"]}]}
    for number in range(100):
        name = f"fresh-{number}"
        ask(peer, "POST", "/v2/models/news/infer", json.dumps(body | {"id": name}).encode())
        started = time.monotonic()
        while ask(peer, "GET", f"/v2/models/news/requests/{name}")[0] != 200:
            if time.monotonic() - started > 5:
                raise RuntimeError("a row could not be looked up within 5 s of its answer")
        fresh.append((time.monotonic() - started) * 1e3)
        started = time.monotonic()
        ask(peer, "GET", f"/v2/models/news/requests/fresh-{number // 2}")
        old.append((time.monotonic() - started) * 1e3)
    return fresh, old


def measure(flywheel, quick):
    requests = 20 if quick else 200
    texts = headlines()[1]
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        command, ready = flywheel_serve(flywheel, make_project(flywheel, folder), port)
        with running(command, ready) as server:
            peer = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            ids = serve_rows(peer, requests, texts)
            say(f"{len(ids) * ROWS} rows served")
            label = json.loads(ask(peer, "GET", f"/v2/models/news/requests/{ids[0]}")[1])["predictions"][0]["label"]
            rates, accepted, cpu, started = [], 0, server.cpu_seconds(), time.monotonic()
            for batch in batches(ids, label):
                begun = time.monotonic()
                status, text = ask(peer, "POST", "/v2/models/news/feedback", batch, "application/x-ndjson")
                if status != 202:
                    raise RuntimeError(f"feedback answered {status}: {text[:200]}")
                rates.append(LINES / (time.monotonic() - begun))
                accepted += json.loads(text)["accepted"]
            wall, cpu = time.monotonic() - started, server.cpu_seconds() - cpu
            fresh, old = look_ups(peer, ids)
    lines = len(ids) * ROWS
    rate = lines / wall
    return [
        figure("feedback lines a second, batches of 10,000, 202 after fdatasync", f"{rate:,.0f}", ">= 50,000", rate >= 50_000, rate),
        figure("the same, per server CPU second", f"{lines / max(cpu, 0.01):,.0f}", ">= 50,000", lines / max(cpu, 0.01) >= 50_000, lines / max(cpu, 0.01)),
        figure("feedback lines accepted", f"{accepted:,} of {lines:,}", "all", accepted == lines, accepted),
        figure("a row can be looked up after its answer, worst of 100", f"{max(fresh):.1f} ms", "<= 1 s", max(fresh) <= 1000, max(fresh)),
        figure("look-up of a request, median of 100", f"{statistics.median(old):.2f} ms", "<= 20 ms", statistics.median(old) <= 20, statistics.median(old)),
    ], f"{lines:,} rows served in requests of {ROWS:,}, one connection, capture on."


if __name__ == "__main__":
    run_script(__doc__, measure)
