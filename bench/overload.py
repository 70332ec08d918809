#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Three times what the server can do: what is accepted stays fast, the rest is refused at once, nothing is lost.

    python3 bench/overload.py --flywheel build/release/flywheel [--quick] [--json]

Requests of 512 headlines each, so that a generator on the other core can offer three times the capacity.
"""
import json
import pathlib
import tempfile

from headlines import headlines
from load import post, write_bodies
from open_loop import open_loop, request_bytes
from script import figure, run_script, say
from server import flywheel_serve, free_port, make_project, running

ROWS = 512
PATH = "/v2/models/news/infer"


def bodies(count):
    texts = headlines()[1]
    rows = lambda n: [texts[(n * ROWS + i) % len(texts)] for i in range(ROWS)]
    made = [{"inputs": [{"name": "text", "shape": [ROWS], "datatype": "BYTES", "data": rows(n)}], "outputs": [{"name": "label"}]} for n in range(count)]
    return [json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in made]


def p99(values):
    return sorted(values)[int(len(values) * 0.99)] if values else float("nan")


def measure(flywheel, quick):
    seconds = 4 if quick else 15
    asked = bodies(20)
    requests = [request_bytes(PATH, one.encode()) for one in asked]
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        command, ready = flywheel_serve(flywheel, make_project(flywheel, folder), port)
        with running(command, ready) as server:
            file = write_bodies(pathlib.Path(folder) / "bodies", asked)
            peak = post(f"http://127.0.0.1:{port}{PATH}", file, connections=2, seconds=seconds)  # more rows are not taken on
            capacity = peak["requests"] / peak["duration_us"] * 1e6
            say(f"capacity {capacity:.0f} requests/s")
            steady = open_loop(port, requests, capacity * 0.5, seconds)
            before = server.memory_mb()
            over = open_loop(port, requests, capacity * 3, seconds)
            grown = server.memory_mb() - before
    done = len(over.ok_ms) / over.seconds
    ratio = p99(over.ok_ms) / p99(steady.ok_ms)
    refused = p99(over.refused_ms)
    answered = len(over.ok_ms) + len(over.refused_ms)
    return [
        figure("3 x capacity: p99 of what is accepted", f"{p99(over.ok_ms):.1f} ms", "<= 2 x that at half capacity", ratio <= 2, p99(over.ok_ms),
               f"half capacity {p99(steady.ok_ms):.1f} ms", f"{ratio:.1f} x"),
        figure("503 within (p99)", f"{refused:.1f} ms ({len(over.refused_ms):,} refused)" if over.refused_ms else "none was refused", "<= 5 ms", bool(over.refused_ms) and refused <= 5, refused),
        figure("throughput under 3 x capacity, of peak", f"{done / capacity:.0%}", ">= 90 %", done >= 0.9 * capacity, done / capacity),
        figure("neither answered nor refused", f"{over.other} of {answered + over.other:,}; {over.unsent:,} never sent, every connection waited", "0", over.other == 0, over.other),
        figure("memory gained meanwhile", f"{grown:.1f} MB", value=grown),
    ], (f"Requests of {ROWS} headlines; capacity {capacity:,.0f} a second by wrk -t1 -c2 (no more than 1,024 rows are taken on); then open loop (bench/open_loop.py, 512 connections, latency from when a request "
        f"was due), {seconds} s at half and at three times of it.")


if __name__ == "__main__":
    run_script(__doc__, measure)
