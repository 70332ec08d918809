# SPDX-License-Identifier: Apache-2.0
"""Runs one of our Google Benchmark programs and gives the medians of its repetitions. Standard library only."""
import json
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}


def medians(program, pattern, repetitions=5, env=None):
    """Benchmark -> {"cpu_s", "real_s", counters...}; the runs of all benchmarks alternate."""
    command = [
        str(ROOT / "build" / "release" / "src" / program), "--benchmark_format=json", f"--benchmark_filter={pattern}",
        f"--benchmark_repetitions={repetitions}", "--benchmark_report_aggregates_only=true", "--benchmark_enable_random_interleaving=true"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **(env or {})})
    if done.returncode != 0:
        raise RuntimeError(f"{program} failed ({done.returncode}): {done.stderr.strip()[-500:]}")
    found = {}
    for one in json.loads(done.stdout)["benchmarks"]:
        if one.get("aggregate_name") == "median" or repetitions == 1:
            scale = SECONDS[one["time_unit"]]
            found[one["run_name"].split("/iterations:")[0]] = one | {"cpu_s": one["cpu_time"] * scale, "real_s": one["real_time"] * scale}
    return found
