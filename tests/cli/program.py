# SPDX-License-Identifier: Apache-2.0
"""Running the built program from a test: its commands, its server, a folder for each test."""

import csv
import json
import os
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request
import uuid

PROGRAM = ""  # set by run_tests
PATIENCE_S = 120
TOPICS = {
    "economy": "bank market price trade stock export loan 금리 환율 주가".split(),
    "politics": "vote party minister law election senate 국회 대통령 선거 정책".split(),
    "sports": "goal match league coach player stadium 야구 축구 감독 우승".split(),
}


def headline(rng, topic):
    words = [rng.choice(TOPICS[topic]) for _ in range(4)]
    return " ".join(words + [f"no{rng.randrange(10**6)}"])


def rows(count, seed):
    rng = random.Random(seed)
    topics = sorted(TOPICS)
    return [(headline(rng, topics[i % 3]), topics[i % 3]) for i in range(count)]


def write_csv(path, lines):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["title", "topic"])
        writer.writerows(lines)


def flywheel(*arguments, env=None):
    """Exit code, standard output, standard error."""
    done = subprocess.run(
        [PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE_S,
        env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL, check=False)
    return done.returncode, done.stdout, done.stderr


def ask(url, body=None, expect=200, key="", trust=None):
    """The JSON of an answer; `body` makes it a POST, `key` is shown as the caller's, `trust` is an SSL context."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
    request = urllib.request.Request(url, data=data, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S, context=trust) as answer:
            status, text = answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read().decode()
    assert status == expect, f"{url}: {status} instead of {expect}: {text}"
    return json.loads(text)


def until(condition, what):
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited in vain for {what}")


class RunningServer:
    """`flywheel serve` on a free port."""

    def __init__(self, folder, *options, env=None):
        self.process = subprocess.Popen(
            [PROGRAM, "serve", folder, "--port", "0", *options],
            env={**os.environ, **(env or {})}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        readable, _, _ = select.select([self.process.stdout], [], [], PATIENCE_S)
        line = self.process.stdout.readline() if readable else ""
        if " at http" not in line:
            self.process.kill()
            raise AssertionError(f"server did not start: {line} {self.process.stderr.read()}")
        self.url = line.split(" at ")[1].strip()

    def end(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode


def infer(url, texts, name, **how):
    return ask(f"{url}/v2/models/news/infer", {
        "id": name,
        "inputs": [{"name": "text", "shape": [len(texts)], "datatype": "BYTES", "data": texts}]}, **how)


class FolderTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="flywheel-cli-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.project = os.path.join(self.folder, "news")

    def run_well(self, *arguments):
        code, out, err = flywheel(*arguments)
        self.assertEqual(code, 0, f"{arguments}: {err}{out}")
        return out

    def run_badly(self, code, *arguments):
        got, out, err = flywheel(*arguments)
        self.assertEqual(got, code, f"{arguments}: {err}{out}")
        self.assertTrue(err.startswith("flywheel: "), err)
        self.assertEqual(err.count("\n"), 1, err)
        return err

    def make_project(self, count=150):
        self.run_well("init", self.project, "--model", "news")
        file = os.path.join(self.folder, "rows.csv")
        write_csv(file, rows(count, 1))
        self.run_well("import", file, "--dir", self.project, "--text", "title", "--label", "topic")


class ServedProject(unittest.TestCase):
    """One trained project and its server for all tests of a class."""

    options = ()

    @classmethod
    def setUpClass(cls):
        home = FolderTest("run_well")
        home.setUp()
        cls.addClassCleanup(home.doCleanups)
        home.make_project()
        home.run_well("turn", home.project)
        cls.server = RunningServer(home.project, *cls.options)
        cls.addClassCleanup(cls.server.end)
        cls.url = cls.server.url


def status_of(url):
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def uuid7():
    """A UUIDv7 of now (RFC 9562), which this Python does not have yet."""
    value = int(time.time() * 1000) << 80 | random.getrandbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    return uuid.UUID(int=value & ~(0x3 << 62) | 0x2 << 62)


def run_tests(words):
    """The body of a test program: its first argument is the built binary."""
    global PROGRAM
    if len(sys.argv) < 2:
        sys.exit(words)
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=1)
