# SPDX-License-Identifier: Apache-2.0
"""The loop's own figures: accuracy over the real stream, the linear engine beside scikit-learn, a simulated year.
Called by run.py after the release build. Figures that need the real stream are skipped, and say so, without it."""
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

import python_servers
from google_bench import medians
from headlines import DATA, ROOT, STREAM
from report import Section
from server import ONE_THREAD

BUILD = ROOT / "build" / "release"
TARGETS = ["ports_engine_linear_bench", "turn_test"]


def run(command, **options):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} failed ({result.returncode}):\n{result.stdout[-2000:]}\n{result.stderr[-2000:]}")
    return result.stdout


def demo(flywheel, seed, folder):
    """One whole replay; its summary, wall seconds and peak memory in MB (server, loop and replay in one process)."""
    out = pathlib.Path(folder) / f"demo-{seed}.json"
    started = time.monotonic()
    process = subprocess.Popen(
        [str(flywheel), "demo", "news", "--seed", str(seed), "--json", str(out)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**os.environ, "FLYWHEEL_DATA": str(DATA)})
    errors = process.stderr.read().decode()
    _, status, used = os.wait4(process.pid, 0)
    if status != 0:
        raise RuntimeError(f"demo with seed {seed} failed:\n{errors[-2000:]}")
    return json.loads(out.read_text())["summary"], time.monotonic() - started, used.ru_maxrss / 1024


def mean_of(summaries, line, figure):
    return statistics.mean(summary[line][figure] for summary in summaries)


def accuracy_figures(report, flywheel, seeds):
    with tempfile.TemporaryDirectory() as folder:
        first, wall, memory = demo(flywheel, 1, folder)
        summaries = [first] + [demo(flywheel, seed, folder)[0] for seed in range(2, seeds + 1)]
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


def engine_figures(report):
    if not STREAM.exists():
        report.add("linear engine beside scikit-learn", f"SKIPPED: no data at {STREAM}", "")
        return
    times = medians("ports_engine_linear_bench", "fit_first_year|predict_", env={"FLYWHEEL_DATA": str(DATA)})
    seconds = lambda name: times[name]["cpu_s"]
    peer = json.loads(run([python_servers.environment("sklearn"), python_servers.FOLDERS / "sklearn" / "sklearn_text.py", "--data", DATA], env={**os.environ, **ONE_THREAD}))
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


def turn_figures(report):
    times = []
    for _ in range(3):
        started = time.monotonic()
        run([BUILD / "tests" / "turn_test", "--gtest_filter=Turn.ASimulatedYearTurnsTwelveTimes"])
        times.append(time.monotonic() - started)
    report.add("a whole simulated year as a turn test (median of 3)", f"{statistics.median(times):.2f} s", "<= 2 s", "", "", statistics.median(times) <= 2)


def figures(flywheel, quick=False, seeds=5):
    section = Section("loop", "The loop")
    if STREAM.exists():
        accuracy_figures(section, flywheel, 1 if quick else seeds)
    else:
        section.add("accuracy on the stream", f"SKIPPED: no data at {STREAM}")
    engine_figures(section)
    turn_figures(section)
    return section
