#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""From start to ready after a kill -9 that left 1 GB of journal behind.

    python3 bench/startup.py --flywheel build/release/flywheel [--quick] [--json]
"""
import pathlib
import statistics
import subprocess
import tempfile

from backlog import journal_bytes, leave_backlog
from script import figure, run_script
from server import flywheel_serve, free_port, make_project, running


def measure(flywheel, quick):
    wanted, starts = (200_000_000, 2) if quick else (1_000_000_000, 5)
    with tempfile.TemporaryDirectory() as folder:
        project = make_project(flywheel, folder)
        rows = leave_backlog(flywheel, project, folder, wanted)
        held = journal_bytes(project)
        kept = pathlib.Path(folder) / "kept"
        subprocess.run(["cp", "-a", "--reflink=auto", str(project), str(kept)], check=True)
        told, peaks = [], []
        for _ in range(starts):
            subprocess.run(["rm", "-rf", str(project)], check=True)  # an orderly end rolls
            subprocess.run(["cp", "-a", "--reflink=auto", str(kept), str(project)], check=True)
            port = free_port()
            command, ready = flywheel_serve(flywheel, project, port)
            with running(command, ready) as server:
                told.append(server.cold_start_s)
                peaks.append(server.peak_mb())
    seconds = statistics.median(told)
    return [
        figure(f"ready after kill -9, {held / 1e9:.2f} GB of journal, {rows:,} rows", f"{seconds:.2f} s (slowest {max(told):.2f})", "<= 2 s for 1 GB", seconds <= 2 and held >= wanted, seconds),
        figure("recovery of the journal", f"{held / seconds / 1e9:.2f} GB/s", ">= 1 GB/s", held / seconds >= 1e9, held / seconds),
        figure("peak of resident memory at ready", f"{statistics.median(peaks):.0f} MB"),
    ], f"{starts} starts of the same folder, its pages in the system's cache; rows of one headline with 7 scores and an embedding."


if __name__ == "__main__":
    run_script(__doc__, measure)
