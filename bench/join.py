#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The as-of join of predictions with what was said of them later, at full size.

    python3 bench/join.py --flywheel build/release/flywheel [--quick] [--json]

Runs rooms_capture_truth_bench, which makes its columns first (10 million rows: some minutes and 2 GB, once, in .cache/join).
"""
import pathlib
import subprocess

from google_bench import ROOT, medians
from script import figure, run_script


def measure(flywheel, quick):
    subprocess.run(["cmake", "--build", "--preset", "release", "--target", "rooms_capture_truth_bench"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    rows = 1_000_000 if quick else 10_000_000
    folder = ROOT / ".cache" / f"join-{rows}"
    pathlib.Path(folder.parent).mkdir(exist_ok=True)
    env = {"FLYWHEEL_JOIN_FOLDER": str(folder), "FLYWHEEL_JOIN_ROWS": str(rows)}
    medians("rooms_capture_truth_bench", "JoinTruth", 1, env)  # makes the columns
    told = medians("rooms_capture_truth_bench", "JoinTruth", 1 if quick else 3, env)
    one = next(iter(told.values()))
    return [
        figure(f"as-of join, {rows:,} predictions of 30 days, {rows // 10:,} late signals", f"{one['real_s']:.1f} s, {one['cpu_s']:.1f} CPU s", "<= 20 s for 10 million", one["real_s"] <= 20 * rows / 10_000_000 + 1, one["real_s"]),
        figure("peak of resident memory meanwhile", f"{one['peak_MiB'] * 1.048576:.0f} MB", "<= 500 MB", one["peak_MiB"] * 1.048576 <= 500, one["peak_MiB"]),
        figure("CPU a prediction", f"{one['cpu_s'] / rows * 1e6:.2f} us"),
    ], "Google Benchmark rooms_capture_truth_bench: rows with 7 scores, one signal for ten rows, one in twenty about nothing, targets by id and by the client's own."


if __name__ == "__main__":
    run_script(__doc__, measure)
