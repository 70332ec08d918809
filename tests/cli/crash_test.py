#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The built program killed at random moments, on a full disk and on a disk that turned read-only.

    tests/cli/crash_test.py PATH_OF_FLYWHEEL [test name ...]

The disks are small file systems in memory, which only root may mount; without it those tests are
skipped. Standard library only.
"""

import json
import os
import random
import re
import resource
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.request

import program
from program import FolderTest, RunningServer, ask, flywheel, headline, infer, rows, run_tests, status_of, until, write_csv

KILLS = 8
FIRST_TURN_ROWS = 150


def write_stream(path, seed):
    """A year and a half of headlines whose class mix turns over, with what two people said."""
    rng = random.Random(seed)
    topics = sorted(program.TOPICS)
    with open(path, "w", encoding="utf-8") as file:
        for day in range(540):
            late = day / 540
            when = time.strftime("%Y-%m-%dT12:00:00Z", time.gmtime(1451606400 + day * 86400))
            for _ in range(3):
                topic = rng.choices(topics, [1 - late, 0.3, late])[0]
                said = topic if rng.random() < 0.9 else rng.choice(topics)
                text = f"{headline(rng, topic)} {headline(rng, rng.choice(topics))}"  # some cannot be told
                file.write(json.dumps({"time": when, "text": text, "label": topic,
                                       "annotators": {"kim": topic, "lee": said}}, ensure_ascii=False) + "\n")


def without_clocks(told):
    """What a demo told, less what no two runs share: seconds, memory."""
    if isinstance(told, dict):
        return {key: without_clocks(value) for key, value in told.items()
                if not key.endswith(("_seconds", "_s", "_ms", "_bytes", "seconds"))}
    return [without_clocks(value) for value in told] if isinstance(told, list) else told


class Kills(FolderTest):
    """`kill -9` at any moment, and again: the end is that of a run nobody touched."""

    def demo(self, name, stream):
        keep, told = os.path.join(self.folder, name), os.path.join(self.folder, name + ".json")
        return keep, told, [program.PROGRAM, "demo", "--stream", stream, "--train-until", "2016-07-01",
                            "--turns", "6", "--keep", keep, "--json", told]

    def ends_as(self, keep, told):
        with open(told, encoding="utf-8") as file:
            summary = without_clocks(json.load(file))
        labels = self.run_well("label", "export", "--dir", keep)
        log = without_clocks(json.loads(self.run_well("dataset", "log", "--dir", keep, "--json")))
        models = without_clocks(json.loads(self.run_well("model", "list", "--dir", keep, "--json")))
        return summary, labels, log, models

    def test_a_demo_killed_at_random_moments_ends_as_one_that_was_not(self):
        stream = os.path.join(self.folder, "stream.jsonl")
        write_stream(stream, 11)
        keep, told, command = self.demo("straight", stream)
        began = time.monotonic()
        subprocess.run(command, check=True, capture_output=True, timeout=program.PATIENCE_S)
        whole = time.monotonic() - began
        expected = self.ends_as(keep, told)

        rng = random.Random(5)
        keep, told, command = self.demo("killed", stream)
        killed = 0
        for _ in range(KILLS):
            with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
                try:
                    process.wait(rng.uniform(0.1, 0.6) * whole)
                except subprocess.TimeoutExpired:
                    process.kill()
                    killed += 1
        self.assertGreater(killed, 1)
        done = subprocess.run(command, capture_output=True, text=True, timeout=program.PATIENCE_S, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.ends_as(keep, told), expected)


class SmallDisk(FolderTest):
    """A project on a file system of its own, with a first version and a server."""

    def setUp(self):
        super().setUp()
        self.disk = os.path.join(self.folder, "disk")
        os.mkdir(self.disk)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m", "none", self.disk],
                                 capture_output=True, check=False)
        if mounted.returncode != 0:
            self.skipTest("mounting a small disk needs root")
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk], check=False)
        self.project = os.path.join(self.disk, "news")
        self.make_project(FIRST_TURN_ROWS)
        self.run_well("turn", self.project)

    def serve(self):
        server = RunningServer(self.project, "--no-turns", "--drain", "0")
        self.addCleanup(server.end, signal.SIGKILL)
        infer(server.url, ["bank"], "before")
        until(lambda: status_of(f"{server.url}/v2/models/news/requests/before") == 200, "the first row on disk")
        return server

    def answers_a_while(self, url, name):
        """Far more than one flush interval of requests, each of them answered."""
        end, sent = time.monotonic() + 2, 0
        while time.monotonic() < end:
            infer(url, [text for text, _ in rows(50, sent)], f"{name}-{sent}")
            sent += 1
        return sent * 50

    def level(self, url):
        with urllib.request.urlopen(f"{url}/metrics", timeout=10) as answer:
            return int(re.search(r"^fw_capture_level (\d)", answer.read().decode(), re.M).group(1))

    def captured(self, url):
        return ask(f"{url}/v1/status")["captured"]


class FullDisk(SmallDisk):
    def fill(self):
        path = os.path.join(self.disk, "filler")
        with open(path, "wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                try:
                    while file.write(b"x" * size):
                        pass
                except OSError:
                    pass
        return path

    def test_the_server_answers_on_and_captures_again_when_there_is_room(self):
        server = self.serve()
        filler = self.fill()
        until(lambda: self.level(server.url) == 3, "capture to see that the disk is full")
        sent = self.answers_a_while(server.url, "full")
        self.assertGreaterEqual(self.captured(server.url)["dropped"], sent)
        self.assertEqual(status_of(f"{server.url}/v2/health/ready"), 200)
        os.remove(filler)
        # For half a minute one row in ten is kept; so many that some are.
        tries = iter(range(10_000))
        last = [""]

        def captured_again():
            last[0] = f"after-{next(tries)}"
            infer(server.url, [text for text, _ in rows(50, 0)], last[0])
            time.sleep(0.1)
            return status_of(f"{server.url}/v2/models/news/requests/{last[0]}") == 200

        until(captured_again, "a row captured again")
        until(lambda: self.captured(server.url)["waiting"] == 0, "nothing to wait")
        told = self.captured(server.url)
        self.assertEqual((told["failure"], told["waiting"]), ("", 0))
        self.assertEqual(server.end(), 0)
        again = RunningServer(self.project, "--no-turns", "--drain", "0")
        self.addCleanup(again.end, signal.SIGKILL)
        for name in ("before", last[0]):
            self.assertGreaterEqual(len(ask(f"{again.url}/v2/models/news/requests/{name}")["predictions"]), 1)

    def test_commands_say_so_and_go_on_later(self):
        filler = self.fill()
        more = os.path.join(self.folder, "more.csv")
        write_csv(more, rows(2000, 3))
        for command in (["import", more, "--dir", self.project, "--text", "title", "--label", "topic"],
                        ["turn", self.project]):
            code, out, err = flywheel(*command)
            self.assertNotEqual(code, 0, out)
            self.assertIn("full", err)
        os.remove(filler)
        told = json.loads(self.run_well("import", more, "--dir", self.project, "--text", "title", "--label", "topic", "--json"))
        self.assertEqual(told["labels_added"], 2000)
        self.assertEqual(json.loads(self.run_well("turn", self.project, "--json"))["state"], "done")


class FileSizeLimit(SmallDisk):
    def test_a_refused_write_ends_no_server(self):
        server = self.serve()
        pid = server.process.pid
        unlimited = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, unlimited[1]))
        self.answers_a_while(server.url, "refused")
        until(lambda: self.captured(server.url)["failure"], "capture to see that writes are refused")
        resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)
        until(lambda: (self.captured(server.url)["failure"], self.captured(server.url)["waiting"]) == ("", 0),
              "what waited to be written")
        self.assertEqual(server.end(), 0)


class ReadOnlyDisk(SmallDisk):
    def remount(self, how):
        subprocess.run(["mount", "-o", f"remount,{how}", self.disk], check=True)

    def test_commands_say_so(self):
        self.remount("ro")
        for command in (["serve", self.project, "--port", "0"], ["turn", self.project],
                        ["import", os.path.join(self.folder, "rows.csv"), "--dir", self.project,
                         "--text", "title", "--label", "topic"]):
            code, out, err = flywheel(*command)
            self.assertNotEqual(code, 0, out)
            self.assertIn("read-only", err.lower())
            self.assertEqual(err.count("\n"), 1, err)


if __name__ == "__main__":
    run_tests(__doc__)
