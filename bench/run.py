#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures every figure the project promises, beside its peer, and writes bench/RESULTS.md.

Run by `make bench` after the release build. Standard library only; scikit-learn lives in its own virtual environment
(.cache/peers), which is made when it is not there. Figures that need the real stream are skipped, and say so, when
FLYWHEEL_DATA (default ../shared/data) has none.
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "release"
FLYWHEEL = BUILD / "flywheel"
DATA = pathlib.Path(os.environ.get("FLYWHEEL_DATA", ROOT / ".." / "shared" / "data")).resolve()
STREAM = DATA / "klue-ynat" / "stream.jsonl.gz"
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class Report:
    def __init__(self):
        self.rows = []

    def add(self, what, ours, bar, peer="", ratio="", holds=None):
        mark = "" if holds is None else ("yes" if holds else "**no**")
        self.rows.append((what, ours, bar, peer, ratio, mark))
        print(f"{what}: {ours}  (bar {bar}; peer {peer or '-'}) {mark}", flush=True)

    def write(self, path):
        commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
        cpu = "unknown processor"
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                cpu = line.split(":", 1)[1].strip()
                break
        lines = [
            "# Results",
            "",
            "Written by `make bench`; do not edit. Each figure stands beside its bar and, where one exists, its peer measured in the same run.",
            "",
            f"Machine: {cpu}, {os.cpu_count()} cores, {platform.system()} {platform.release()}. Date: {datetime.date.today()}. Commit: {commit}.",
            "",
            "| figure | ours | bar | peer | ratio | holds |",
            "|---|---|---|---|---|---|",
        ]
        lines += ["| " + " | ".join(row) + " |" for row in self.rows]
        notes = path.parent / "NOTES.md"
        if notes.exists():
            lines += ["", notes.read_text().strip()]
        path.write_text("\n".join(lines) + "\n")


def run(command, **options):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    if result.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed ({result.returncode}):\n{result.stdout[-2000:]}\n{result.stderr[-2000:]}")
    return result.stdout


def demo(seed, folder):
    """One whole replay; its summary, wall seconds and peak memory in MB (server, loop and replay in one process)."""
    out = pathlib.Path(folder) / f"demo-{seed}.json"
    started = time.monotonic()
    process = subprocess.Popen(
        [str(FLYWHEEL), "demo", "news", "--seed", str(seed), "--json", str(out)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**os.environ, "FLYWHEEL_DATA": str(DATA)})
    errors = process.stderr.read().decode()
    _, status, used = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"demo with seed {seed} failed:\n{errors[-2000:]}")
    return json.loads(out.read_text())["summary"], time.monotonic() - started, used.ru_maxrss / 1024


def mean_of(summaries, line, figure):
    return statistics.mean(summary[line][figure] for summary in summaries)


def accuracy_figures(report, seeds):
    with tempfile.TemporaryDirectory() as folder:
        first, wall, memory = demo(1, folder)
        summaries = [first] + [demo(seed, folder)[0] for seed in range(2, seeds + 1)]
    label = f"mean of {seeds} seeds"
    get = lambda line, figure: mean_of(summaries, line, figure)
    report.add("served accuracy 2017-2020, never retrained", f"{get('never', 'accuracy'):.3f}", "as it falls", ".507-.537 (scikit-learn)")
    loop = get("loop", "accuracy")
    spread = statistics.pstdev([s["loop"]["accuracy"] for s in summaries])
    report.add(f"served accuracy, the loop, 10 % labels ({label})", f"{loop:.3f} ± {spread:.3f}", ">= .70, aim .72", ".685 / .670 / .699", "", loop >= .70)
    everything = get("all", "accuracy")
    report.add("served accuracy, all labels", f"{everything:.3f}", ">= .79", ".789", "", everything >= .79)
    shift = get("shift", "accuracy")
    report.add("served accuracy, label-shift correction alone, no label after 2016", f"{shift:.3f}", ">= .58", "", "", shift >= .58)
    balanced = get("loop", "balanced_recall_uncorrected")
    report.add(f"balanced recall of the loop, without label-shift correction ({label})", f"{balanced:.3f}", ">= .66", ".668", "", balanced >= .66)
    balanced = get("all", "balanced_recall_uncorrected")
    report.add("balanced recall of all labels, without label-shift correction", f"{balanced:.3f}", ">= .77", ".773", "", balanced >= .77)
    report.add("labels bought by the loop, share of rows served", f"{get('loop', 'labels') / get('loop', 'rows'):.4f}", "<= .10", "", "", get("loop", "labels") <= .10 * get("loop", "rows"))
    report.add("`make demo` after the build, wall", f"{wall:.1f} s", "<= 60 s", "", "", wall <= 60)
    report.add("peak memory of the whole demo process", f"{memory:.0f} MB", "<= 200 MB", "", "", memory <= 200)


def peers_python():
    venv = ROOT / ".cache" / "peers"
    python = venv / "bin" / "python"
    if not python.exists():
        run([sys.executable, "-m", "venv", venv])
        run([venv / "bin" / "pip", "install", "-q", "-r", ROOT / "bench" / "peers" / "requirements.txt"])
    return python


def engine_times():
    """CPU seconds of our own engine by benchmark name, median of 5."""
    listed = json.loads(run(
        [BUILD / "src" / "ports_engine_linear_bench", "--benchmark_format=json", "--benchmark_repetitions=5",
         "--benchmark_report_aggregates_only=true", "--benchmark_filter=fit_first_year|predict_"],
        env={**os.environ, "FLYWHEEL_DATA": str(DATA)}))
    unit = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1}
    return {bench["run_name"]: bench for bench in listed["benchmarks"] if bench.get("aggregate_name") == "median"}, unit


def engine_figures(report):
    if not STREAM.exists():
        report.add("linear engine beside scikit-learn", f"SKIPPED: no data at {STREAM}", "")
        return
    times, unit = engine_times()
    seconds = lambda name: times[name]["cpu_time"] * unit[times[name]["time_unit"]]
    peer = json.loads(run([peers_python(), ROOT / "bench" / "peers" / "sklearn_text.py", "--data", DATA], env={**os.environ, **ONE_THREAD}))
    regression = min((row for row in peer["rows"] if "Logistic" in row["model"]), key=lambda row: row["fit_cpu_s"])
    machine = min((row for row in peer["rows"] if "SVC" in row["model"]), key=lambda row: row["fit_cpu_s"])
    best = max(peer["rows"], key=lambda row: row["accuracy"])
    one = min(row["predict_one_us"] for row in peer["rows"])
    batch = min(row["predict_batch_us_per_row"] for row in peer["rows"])
    fit = seconds("fit_first_year")
    report.add("fit on the 1,780 headlines of 2016, features included (CPU)", f"{fit * 1e3:.0f} ms", ">= 10 x", f"logistic regression {regression['fit_cpu_s'] * 1e3:.0f} ms", f"{regression['fit_cpu_s'] / fit:.0f} x", regression["fit_cpu_s"] >= 10 * fit)
    report.add("the same", f"{fit * 1e3:.0f} ms", ">= 2 x", f"LinearSVC {machine['fit_cpu_s'] * 1e3:.0f} ms", f"{machine['fit_cpu_s'] / fit:.1f} x", machine["fit_cpu_s"] >= 2 * fit)
    ours = seconds("predict_one/1") * 1e6
    report.add("predict one text, embedding included (CPU)", f"{ours:.1f} us", ">= 40 x", f"{one:.0f} us", f"{one / ours:.0f} x", one >= 40 * ours)
    rows = times["predict_batch/0"].get("items_per_second")
    ours = 1e6 / rows
    report.add("predict in batches, a row (CPU)", f"{ours:.2f} us", ">= 10 x", f"{batch:.1f} us", f"{batch / ours:.0f} x", batch >= 10 * ours)
    report.add("accuracy 2017-2020 of that peer, never retrained", "see above", "at least the peer's", f"{best['accuracy']:.3f} ({best['model']}, {best['ngrams']})")


def http_figures(report):
    out = run([sys.executable, ROOT / "bench" / "http_load.py", FLYWHEEL])
    measured = json.loads(out.strip().splitlines()[-1])
    report.add("one text over HTTP, loopback, p50 (one connection, capture on)", f"{measured['p50_us']:.0f} us", "<= 300 us", "", "", measured["p50_us"] <= 300)
    rate = measured["requests_per_cpu_second"]
    report.add("peak memory of `flywheel serve` under that load", f"{measured['peak_rss_mb']:.0f} MB", "<= 200 MB", "", "", measured["peak_rss_mb"] <= 200)
    report.add("requests that failed", str(measured["failed"]), "0", "", "", measured["failed"] == 0)
    report.add("requests per server CPU second, 64 connections, capture on", f"{rate:,.0f}", ">= 40,000", "", "", rate >= 40_000)


def turn_figures(report):
    times = []
    for _ in range(3):
        started = time.monotonic()
        run([BUILD / "tests" / "turn_test", "--gtest_filter=Turn.ASimulatedYearTurnsTwelveTimes"])
        times.append(time.monotonic() - started)
    report.add("a whole simulated year as a turn test (median of 3)", f"{statistics.median(times):.2f} s", "<= 2 s", "", "", statistics.median(times) <= 2)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", default="", help="comma separated: accuracy, engine, http, turn")
    options = parser.parse_args()
    wanted = set(filter(None, options.only.split(","))) or {"accuracy", "engine", "http", "turn"}
    report = Report()
    if STREAM.exists() and "accuracy" in wanted:
        accuracy_figures(report, options.seeds)
    elif "accuracy" in wanted:
        report.add("accuracy on the stream", f"SKIPPED: no data at {STREAM}", "")
    if "engine" in wanted:
        engine_figures(report)
    if "http" in wanted:
        http_figures(report)
    if "turn" in wanted:
        turn_figures(report)
    if not options.only:
        report.write(ROOT / "bench" / "RESULTS.md")


if __name__ == "__main__":
    main()
