#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What requests feel while a backlog of captured rows is rolled into Parquet by the server that answers them.

    python3 bench/roll.py --flywheel build/release/flywheel [--quick] [--json]

The server is asked at a constant rate; its roller wakes once a minute and takes what the journal holds.
"""
import pathlib
import statistics
import tempfile
import threading
import time

from backlog import PATH, ROLL_EVERY_S, journal_bytes, leave_backlog
from capture_cost import bodies
from open_loop import open_loop, request_bytes
from script import figure, run_script, say
from server import flywheel_serve, free_port, make_project, running

RATE = 1000
WINDOW_S = 2


class Watch(threading.Thread):
    """When the first new file of columns was there, and when the journal was small."""

    def __init__(self, project):
        super().__init__(daemon=True)
        self.project, self.began, self.ended = project, None, None
        self.held, self.files = journal_bytes(project), self.count()
        self.start()

    def count(self):
        return sum(1 for _ in (self.project / "columns").rglob("*.parquet*"))

    def run(self):
        while self.ended is None:
            time.sleep(0.1)
            if self.began is None and self.count() > self.files:
                self.began = time.monotonic()
            if self.began and journal_bytes(self.project) < self.held / 10:
                self.ended = time.monotonic()


def p99(values):
    return sorted(values)[int(len(values) * 0.99)]


def measure(flywheel, quick):
    wanted = 200_000_000 if quick else 1_000_000_000
    with tempfile.TemporaryDirectory() as folder:
        project = make_project(flywheel, folder)
        rows = leave_backlog(flywheel, project, folder, wanted)
        asked = [request_bytes(PATH, body.encode()) for body in bodies(0, 500)]
        port = free_port()
        command, ready = flywheel_serve(flywheel, project, port)
        with running(command, ready, log=pathlib.Path(folder) / "log") as server:
            started = time.monotonic()
            watch = Watch(project)
            windows = []
            while time.monotonic() - started < ROLL_EVERY_S + 60 and (watch.ended is None or time.monotonic() < watch.ended + 10):
                begun, cpu = time.monotonic(), server.cpu_seconds()
                outcome = open_loop(port, asked, RATE, WINDOW_S, connections=16)
                windows.append((begun, time.monotonic(), p99(outcome.ok_ms), outcome.other, server.cpu_seconds() - cpu))
            if watch.ended is None:
                raise RuntimeError("the roll did not end within its time")
    quiet = [w for w in windows if w[1] < watch.began and w[0] > started + 5]
    busy = [w for w in windows if w[0] < watch.ended and w[1] > watch.began]
    say([f"{w[2]:.2f}" for w in quiet], [f"{w[2]:.2f}" for w in busy])
    before, during = statistics.median(w[2] for w in quiet), statistics.median(w[2] for w in busy)
    failed = sum(w[3] for w in windows)
    cpu = sum(w[4] for w in busy) - len(busy) * statistics.median(w[4] for w in quiet)
    return [
        figure("a backlog rolled by the server while it answers: p99, of before", f"{during / before:.2f} x ({before:.2f} -> {during:.2f} ms)", "unmoved: <= 1.2 x", during <= 1.2 * before, during / before),
        figure("requests that failed meanwhile", f"{failed}", "0", failed == 0, failed),
        figure("rows rolled meanwhile", f"{rows:,} in {watch.ended - watch.began:.1f} s, {rows / max(cpu, 0.01):,.0f} a CPU second", ">= 300,000 a CPU second", rows / max(cpu, 0.01) >= 300_000),
    ], f"{RATE} requests/s of one headline at a constant rate over 16 connections, p99 by windows of {WINDOW_S} s, medians; the roller's thread has niceness 10. The load generator takes most of the other core."


if __name__ == "__main__":
    run_script(__doc__, measure)
