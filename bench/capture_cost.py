#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What capture of all traffic, with embeddings, costs a request: the same server with capture on and off, in turns.

    python3 bench/capture_cost.py --flywheel build/release/flywheel [--quick] [--json]

Two servers of one model run side by side, `[capture] rows = true` and `false`; only one is asked at a time.
"""
import contextlib
import json
import pathlib
import shutil
import statistics
import tempfile

from headlines import headlines
from load import measured, write_bodies
from open_loop import open_loop, request_bytes
from script import figure, run_script, say
from server import flywheel_serve, free_port, make_project, running

PATH = "/v2/models/news/infer"


def bodies(size, count):
    """Requests of one text, about `size` bytes long (0 = a headline); no two alike, so that every payload is stored."""
    texts = headlines()[1]
    made = []
    for n in range(count):
        parts = [str(n), texts[n % len(texts)]]
        length = sum(len(part.encode()) + 1 for part in parts)
        while length < size:
            parts.append(texts[(n * 7 + length) % len(texts)])
            length += len(parts[-1].encode()) + 1
        text = " ".join(parts)
        made.append({"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": [text]}], "outputs": [{"name": "label"}]})
    return [json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in made]


def switch_off(project):
    file = project / "flywheel.toml"
    text = file.read_text(encoding="utf-8")
    assert text.count("[capture]\nrows = true") == 1, "the settings have another form"
    file.write_text(text.replace("[capture]\nrows = true", "[capture]\nrows = false"), encoding="utf-8")


def p99(values):
    return sorted(values)[int(len(values) * 0.99)] if values else float("nan")


class Pair:
    """The server that captures and the one that does not."""

    def __init__(self, flywheel, folder, stack):
        self.folder = pathlib.Path(folder)
        on = make_project(flywheel, folder)
        off = self.folder / "off"
        shutil.copytree(on, off)
        switch_off(off)
        self.servers = {}
        for name, project in (("on", on), ("off", off)):
            port = free_port()
            command, ready = flywheel_serve(flywheel, project, port)
            self.servers[name] = (stack.enter_context(running(command, ready)), port)

    def cpu_us(self, size, runs, seconds):
        """CPU microseconds a request, on and off in turns: {"on": median, "off": median, "ratios": of each turn, rising}."""
        file = write_bodies(self.folder / f"bodies-{size}", bodies(size, 4000 if size < 100_000 else 60))
        told = {"on": [], "off": []}
        for _ in range(runs):
            for name, (server, port) in self.servers.items():
                got = measured(server, f"http://127.0.0.1:{port}{PATH}", file, connections=64 if size < 100_000 else 4, seconds=seconds)
                if got["failed"]:
                    raise RuntimeError(f"{got['failed']} requests failed with capture {name}")
                told[name].append(1e6 / got["per_cpu_second"])
                self.rate = got["requests"] / got["duration_us"] * 1e6
        say(size, told)
        # The machine's pace drifts from turn to turn; within a turn it is nearly the same.
        return {name: statistics.median(values) for name, values in told.items()} | {"ratios": sorted(on / off for on, off in zip(told["on"], told["off"]))}

    def p99_us(self, size, runs, seconds):
        """Median p99 at 70 % of what the slower of the two can do, latency from when a request was due."""
        asked = [request_bytes(PATH, body.encode()) for body in bodies(size, 500 if size < 100_000 else 40)]
        file = write_bodies(self.folder / f"peak-{size}", bodies(size, 500 if size < 100_000 else 40))
        server, port = self.servers["on"]
        peak = measured(server, f"http://127.0.0.1:{port}{PATH}", file, connections=8, seconds=seconds)
        rate = 0.7 * peak["requests"] / peak["duration_us"] * 1e6
        told, late = {"on": [], "off": []}, []
        for _ in range(runs):
            for name, (_, port) in self.servers.items():
                outcome = open_loop(port, asked, rate, seconds, connections=32)
                if outcome.other or outcome.unsent:
                    raise RuntimeError(f"{outcome.other} requests failed and {outcome.unsent} were not sent with capture {name}")
                told[name].append(p99(outcome.ok_ms) * 1e3)
                late.append(outcome.late_us["p99"])
        say(size, f"{rate:.0f}/s", told, "generator late", late)
        return {name: statistics.median(values) for name, values in told.items()}


def measure(flywheel, quick):
    runs, seconds = (1, 2) if quick else (5, 6)
    figures = []
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        pair = Pair(flywheel, folder, stack)
        for size, name in ((0, "headlines"), (10_000, "10 kB"), (1_000_000, "1 MB")):
            cpu = pair.cpu_us(size, runs, seconds)
            more = (statistics.median(cpu["ratios"]) - 1) * 100
            span = f"{(cpu['ratios'][0] - 1) * 100:+.0f} to {(cpu['ratios'][-1] - 1) * 100:+.0f} %"
            figures.append(figure(f"capture of everything, CPU a request, {name}", f"{more:+.1f} % (turns {span}; medians {cpu['off']:.1f} -> {cpu['on']:.1f} us)",
                                  "<= +5 %", more <= 5, more))
        for size, name, bar_us in ((10_000, "10 kB", 100), (1_000_000, "1 MB", 2_000)):
            late = pair.p99_us(size, runs, seconds)
            more = late["on"] - late["off"]
            figures.append(figure(f"capture of everything, p99 at 70 % load, {name}", f"{more:+.0f} us ({late['off']:.0f} -> {late['on']:.0f} us)",
                                  f"<= +{bar_us} us", more <= bar_us, more))
        memory = {name: server.memory_mb() for name, (server, _) in pair.servers.items()}
        figures.append(figure("resident memory after all of it, on; off", f"{memory['on']:.0f} MB; {memory['off']:.0f} MB", value=memory["on"]))
    return figures, (f"One HTTP thread; one text a request, none repeated within 4,000 (60 of 1 MB); closed loop of 64 connections (4 at 1 MB) by wrk for CPU, "
                     f"open loop at 70 % of the peak for p99; {seconds} s a run, {runs} runs of each in turns, the median ratio of a turn. CPU is the whole process's: request and writer threads.")


if __name__ == "__main__":
    run_script(__doc__, measure)
