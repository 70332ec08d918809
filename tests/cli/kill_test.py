#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The server ended under load: what was answered is captured, but for what a kill cut off.

    tests/cli/kill_test.py PATH_OF_FLYWHEEL [test name ...]

bench/kill.py does the same a hundred times and measures. Standard library only.
"""

import glob
import http.client
import json
import os
import random
import re
import signal
import threading
import time
import urllib.request

from program import FolderTest, RunningServer, run_tests

CLIENTS = 3
KILLS = 6


class Client(threading.Thread):
    """Asks one request after the other on one connection until the server is gone."""

    def __init__(self, url, name):
        super().__init__(daemon=True)
        self.address = url.removeprefix("http://")
        self.name = name
        self.answered = []  # ids, in order
        self.failed = []
        self.start()

    def run(self):
        peer = http.client.HTTPConnection(self.address, timeout=30)
        for number in range(100_000):
            name = f"{self.name}-{number}"
            body = json.dumps({"id": name, "inputs": [
                {"name": "text", "shape": [1], "datatype": "BYTES", "data": [f"bank market {number % 50}"]}]})
            try:
                peer.request("POST", "/v2/models/news/infer", body)
            except OSError:
                return  # it takes no more
            try:
                answer = peer.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                self.failed.append(name)
                return
            (self.answered if answer.status == 200 else self.failed).append(name)
            if answer.getheader("Connection", "").lower() == "close":
                return


class EndsUnderLoad(FolderTest):
    def setUp(self):
        super().setUp()
        self.make_project(150)
        self.run_well("turn", self.project)

    def set_sync(self, how):
        path = os.path.join(self.project, "flywheel.toml")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        with open(path, "w", encoding="utf-8") as file:
            file.write(re.sub(r'^sync = "\w+"', f'sync = "{how}"', text, flags=re.M))

    def serve(self, drain="0"):
        server = RunningServer(self.project, "--no-turns", "--drain", drain)
        self.addCleanup(server.end, signal.SIGKILL)
        return server

    def end_under_load(self, number, after_s, name, drain="0"):
        server = self.serve(drain)
        clients = [Client(server.url, f"{name}c{i}") for i in range(CLIENTS)]
        time.sleep(after_s)  # how long it is under load, not what is waited for
        server.end(number)
        for client in clients:
            client.join()
        return clients

    def known(self, clients):
        """For each client, which of its answered requests are captured, as a new server tells."""
        server = self.serve()
        peer = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=30)
        told = []
        for client in clients:
            told.append([])
            for name in client.answered:
                peer.request("GET", f"/v2/models/news/requests/{name}")
                answer = peer.getresponse()
                answer.read()
                told[-1].append(answer.status == 200)
        with urllib.request.urlopen(f"{server.url}/metrics", timeout=30) as page:
            self.assertIn("fw_journal_corrupt_bytes_total 0\n", page.read().decode())
        self.assertEqual(glob.glob(os.path.join(self.project, "journal", "*.bad")), [])
        self.assertEqual(server.end(), 0)
        return told

    def test_kill_9_loses_only_the_last_answers_and_leaves_a_whole_journal(self):
        rng = random.Random(3)
        answered = 0
        for number in range(KILLS):
            clients = self.end_under_load(signal.SIGKILL, rng.uniform(0.05, 0.5), f"k{number}")
            for captured in self.known(clients):
                answered += len(captured)
                self.assertEqual(captured, sorted(captured, reverse=True), "what is lost is the end")
        self.assertGreater(answered, 0)

    def test_kill_9_loses_nothing_that_was_answered_when_answers_wait_for_the_disk(self):
        self.set_sync("answer")
        rng = random.Random(4)
        answered = 0
        for number in range(KILLS):
            clients = self.end_under_load(signal.SIGKILL, rng.uniform(0.05, 0.5), f"a{number}")
            for captured in self.known(clients):
                answered += len(captured)
                self.assertTrue(all(captured))
        self.assertGreater(answered, 0)

    def test_sigterm_fails_no_request_and_loses_no_row(self):
        # While it drains its answers say that the connection ends: without, a request could cross the close.
        clients = self.end_under_load(signal.SIGTERM, 0.4, "t", drain="1")
        self.assertEqual([name for client in clients for name in client.failed], [])
        for captured in self.known(clients):
            self.assertTrue(all(captured))
            self.assertGreater(len(captured), 0)


if __name__ == "__main__":
    run_tests(__doc__)
