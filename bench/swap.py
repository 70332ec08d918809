#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hot swap under load: no request fails, and p99 stays within twice what it is without swaps.

    bench/swap.py build/release/flywheel [--seconds 60] [--every 5] [--connections 32]

Makes a project by the demo's first turn, sends its artefact twice more through POST /v2/repository/models/news/load (so there are
three versions), then promotes them in turn every few seconds while wrk asks for answers. Of three versions only two are held, so
every swap loads one. Prints one JSON object. Standard library and wrk.
"""
import argparse
import base64
import json
import os
import pathlib
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["X-API-Key"] = "%s"
wrk.body = '{"inputs":[{"name":"text","shape":[1],"datatype":"BYTES","data":["%s"]}],"outputs":[{"name":"label"}]}'
"""
TEXT = "코로나19 확산에 지역 축제 줄줄이 취소"
PATIENCE_S = 60


def start_wrk(url, script, connections, seconds):
    return subprocess.Popen(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", script, url],
        stdout=subprocess.PIPE, text=True)


def result_of(process):
    out, _ = process.communicate(timeout=600)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)\b", out)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    lost = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", out)
    return {
        "requests": int(re.search(r"(\d+) requests in", out).group(1)),
        "p99_ms": float(p99.group(1)) * {"us": 1e-3, "ms": 1, "s": 1e3}[p99.group(2)],
        "failed": (int(bad.group(1)) if bad else 0) + (sum(map(int, lost.groups())) if lost else 0),
    }


class Server:
    def __init__(self, flywheel, project):
        self.process = subprocess.Popen(
            [flywheel, "serve", project, "--port", "0", "--no-turns", "--threads", "1", "--drain", "0"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        readable, _, _ = select.select([self.process.stdout], [], [], PATIENCE_S)
        line = self.process.stdout.readline() if readable else ""
        if " at http://" not in line:
            self.process.kill()
            sys.exit(f"the server did not start: {line}")
        self.url = line.split(" at ")[1].strip()
        self.key = (project / "server.key").read_text().strip()

    def ask(self, path, body=None):
        request = urllib.request.Request(self.url + path, data=None if body is None else json.dumps(body).encode(),
                                         headers={"X-API-Key": self.key, "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return answer.read().decode()

    def rss_mb(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024

    def metric(self, name):
        return sum(float(line.rsplit(" ", 1)[1]) for line in self.ask("/metrics").splitlines() if line.startswith(name))

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=PATIENCE_S)


def blob(project, digest):
    return (project / "vault" / "objects" / digest[:2] / digest[2:]).read_bytes()


def add_versions(server, project):
    """The served artefact twice more, under numbers of its own."""
    first = json.loads(server.ask("/v1/models/news/versions"))["versions"][-1]
    artefact = base64.b64encode(blob(project, first["artefact"])).decode()
    labels = base64.b64encode("\n".join(first["labels"]).encode()).decode()
    numbers = [first["number"]]
    for number in (first["number"] + 101, first["number"] + 102):
        server.ask("/v2/repository/models/news/load", {"parameters": {
            "config": json.dumps({"name": "news", "backend": first["engine"]}),
            f"file:{number}/model.safetensors": artefact,
            f"file:{number}/labels.txt": labels}})
        numbers.append(number)
    return numbers


def swap(server, numbers, begin, seconds, every):
    """How long each promotion took, in ms."""
    took = []
    for turn in range(1, int(seconds / every)):
        time.sleep(max(0.0, begin + turn * every - time.monotonic()))  # a schedule, not a wait for something
        asked = time.monotonic()
        server.ask("/v1/models/news/promote", {"version": numbers[turn % len(numbers)], "who": "bench"})
        took.append((time.monotonic() - asked) * 1e3)
    return took


def measure(flywheel, project, options, folder):
    server = Server(flywheel, project)
    try:
        numbers = add_versions(server, project)
        script = folder / "post.lua"
        script.write_text(SCRIPT % (server.key, TEXT))
        infer = server.url + "/v2/models/news/infer"
        result_of(start_wrk(infer, script, options.connections, 3))  # warm
        steady = result_of(start_wrk(infer, script, options.connections, max(10, options.seconds // 3)))
        rss, loads = server.rss_mb(), server.metric("fw_swap_seconds_count")
        load = start_wrk(infer, script, options.connections, options.seconds)
        took = swap(server, numbers, time.monotonic(), options.seconds, options.every)
        swapped = result_of(load)
        asked = time.monotonic()
        server.ask("/v1/models/news/rollback", {"who": "bench", "reason": "to see how fast"})
        rollback_ms = (time.monotonic() - asked) * 1e3
        return {
            "steady": steady,
            "swapped": swapped,
            "p99_ratio": swapped["p99_ms"] / steady["p99_ms"],
            "swaps": len(took),
            "loads": server.metric("fw_swap_seconds_count") - loads,
            "swap_failures": server.metric("fw_swap_failures_total"),
            "promote_ms_max": max(took, default=0.0),
            "rollback_ms": rollback_ms,
            "rss_mb_before": rss,
            "rss_mb_after": server.rss_mb(),
        }
    finally:
        server.end()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("flywheel", type=pathlib.Path)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--every", type=float, default=5)
    parser.add_argument("--connections", type=int, default=32)
    options = parser.parse_args()
    flywheel = options.flywheel.resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        project = folder / "p"
        subprocess.run([flywheel, "demo", "news", "--turns", "1", "--keep", project], check=True, capture_output=True,
                       env={**os.environ})
        print(json.dumps(measure(flywheel, project, options, folder), indent=1))


if __name__ == "__main__":
    main()
