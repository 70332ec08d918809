#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ends of the server under load: SIGTERM loses nothing, kill -9 at most one flush interval, and the journal is whole.

    python3 bench/kill.py --flywheel build/release/flywheel [--quick] [--json]

Clients remember which requests were answered 200 and when; after a restart each of these is looked up.
"""
import http.client
import json
import pathlib
import random
import signal
import subprocess
import tempfile
import threading
import time
import urllib.request

from headlines import headlines
from script import figure, run_script, say
from server import answers_200, flywheel_serve, free_port, make_project

CLIENTS = 4


class Client(threading.Thread):
    """Asks one request after the other on one connection until told to stop or the server is gone."""

    def __init__(self, port, name, texts, stopping):
        super().__init__(daemon=True)
        self.port, self.name, self.texts, self.stopping = port, name, texts, stopping
        self.answered = {}  # id -> when its answer was here
        self.failed = []    # whole requests that got an error, or no answer
        self.start()

    def run(self):
        peer = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        number = 0
        while not self.stopping.is_set():
            name = f"{self.name}-{number}"
            text = self.texts[(number * 31 + hash(self.name)) % len(self.texts)]
            body = json.dumps({"id": name, "inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": [text]}]})
            number += 1
            try:
                peer.request("POST", "/v2/models/news/infer", body, {"Content-Type": "application/json"})
            except OSError:
                return  # the server takes no more
            try:
                answer = peer.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                self.failed.append(name)
                return
            if answer.status == 200:
                self.answered[name] = time.monotonic()
            else:
                self.failed.append(name)
            if answer.getheader("Connection", "").lower() == "close":
                return


class Ends:
    def __init__(self, flywheel, project, sync):
        self.flywheel, self.project = flywheel, project
        self.texts = headlines()[1][:500]
        self.round = 0
        file = project / "flywheel.toml"
        text = file.read_text(encoding="utf-8")
        file.write_text("\n".join(f'sync = "{sync}"' if line.startswith("sync = ") else line for line in text.splitlines()) + "\n", encoding="utf-8")

    def serve(self):
        """The process, its port, and seconds from start to ready."""
        port = free_port()
        command, ready = flywheel_serve(self.flywheel, self.project, port)
        begun = time.monotonic()
        process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not answers_200(ready):
            if process.poll() is not None or time.monotonic() - begun > 60:
                raise RuntimeError("the server did not become ready")
            time.sleep(0.002)
        return process, port, time.monotonic() - begun

    def end_under_load(self, number, after_s):
        """Answered (id -> seconds before the end), failed, as the clients saw it."""
        process, port, ready_s = self.serve()
        self.round += 1
        stopping = threading.Event()
        clients = [Client(port, f"r{self.round}c{i}", self.texts, stopping) for i in range(CLIENTS)]
        time.sleep(after_s)
        process.send_signal(number)
        ended = time.monotonic()
        process.wait(timeout=60)
        for client in clients:
            client.join(timeout=60)
        stopping.set()
        answered = {name: ended - when for client in clients for name, when in client.answered.items()}
        return answered, [name for client in clients for name in client.failed], ready_s

    def missing(self, names):
        """Which of these the server does not know after a start; whether anything was corrupt."""
        process, port, ready_s = self.serve()
        try:
            peer = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            lost = []
            for name in names:
                peer.request("GET", f"/v2/models/news/requests/{name}")
                answer = peer.getresponse()
                answer.read()
                if answer.status != 200:
                    lost.append(name)
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as page:
                corrupt = [line for line in page.read().decode().splitlines() if line.startswith("fw_journal_corrupt_bytes_total ")]
            bad = list((self.project / "journal").glob("*.bad"))
            return lost, int(float(corrupt[0].split()[1])) + len(bad), ready_s
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)


def kills(ends, count, seed):
    """(answered, lost, oldest lost in seconds before the kill, corrupt, slowest start)"""
    rng = random.Random(seed)
    answered, lost, oldest, corrupt, slowest = 0, 0, 0.0, 0, 0.0
    for number in range(count):
        told, _, ready_s = ends.end_under_load(signal.SIGKILL, rng.uniform(0.05, 1.0))
        # Whoever was answered more than three seconds earlier is not at stake; look at the rest, and at some of those.
        gone, damaged, again_s = ends.missing([name for name, age in told.items() if age < 3])
        answered += len(told)
        lost += len(gone)
        oldest = max([oldest, *(told[name] for name in gone)])
        corrupt += damaged
        slowest = max(slowest, ready_s, again_s)
        say(f"kill {number + 1}: {len(told)} answered, {len(gone)} lost, start {again_s * 1e3:.0f} ms")
    return answered, lost, oldest, corrupt, slowest


def measure(flywheel, quick):
    terms, killed, killed_answer = (2, 5, 3) if quick else (10, 100, 20)
    with tempfile.TemporaryDirectory() as folder:
        ends = Ends(flywheel, make_project(flywheel, folder), "interval")
        answered, failed, lost = 0, 0, 0
        for _ in range(terms):
            told, broken, _ = ends.end_under_load(signal.SIGTERM, 0.7)
            answered, failed, lost = answered + len(told), failed + len(broken), lost + len(ends.missing(told)[0])
        figures = [
            figure("SIGTERM under load: failed requests", f"{failed} of {answered:,}", "0", failed == 0, failed),
            figure("SIGTERM under load: rows lost", f"{lost} of {answered:,}", "0", lost == 0, lost),
        ]
        answered, lost, oldest, corrupt, slowest = kills(ends, killed, 5)
        figures += [
            figure(f"kill -9 under load, {killed} times: rows lost", f"{lost} of {answered:,}; the oldest answered {oldest * 1e3:.1f} ms before the kill",
                   "one flush interval (5 ms) and the fdatasync in progress", oldest <= 0.05, oldest),
            figure("damage in the journal after them", f"{corrupt}", "0", corrupt == 0, corrupt),
            figure("slowest start after a kill", f"{slowest * 1e3:.0f} ms", "<= 2 s", slowest <= 2, slowest),
        ]
        answer = Ends(flywheel, ends.project, "answer")
        answered, lost, oldest, corrupt, _ = kills(answer, killed_answer, 6)
        figures.append(figure(f"the same with capture.sync = \"answer\", {killed_answer} times: rows lost", f"{lost} of {answered:,}", "0", lost == 0 and corrupt == 0, lost))
    return figures, f"{CLIENTS} keep-alive clients of Python in a closed loop; {terms} times SIGTERM, kill -9 after 0.05 to 1 s; every request answered 200 is looked up after a restart of the same project."


if __name__ == "__main__":
    run_script(__doc__, measure)
