#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""pandas, DuckDB and Spark, unchanged, read the columns that the built program wrote, and count the same.

    python3 bench/readers.py --flywheel build/release/flywheel [--quick] [--json]
"""
import json
import os
import signal
import subprocess
import tempfile

from backlog import leave_backlog
from python_servers import FOLDERS, environment, versions
from script import figure, run_script
from server import flywheel_serve, free_port, make_project, running

READERS = {"pandas": ("pandas", "pyarrow"), "duckdb": ("duckdb",), "spark": ("pyspark",)}


def read(reader, columns):
    done = subprocess.run([environment("readers"), FOLDERS / "readers" / "read.py", reader, columns], capture_output=True, text=True,
                          env={**os.environ, "SPARK_LOCAL_IP": "127.0.0.1"})
    if done.returncode != 0:
        raise RuntimeError(f"{reader} cannot read the columns: {done.stderr.strip()[-400:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def measure(flywheel, quick):
    with tempfile.TemporaryDirectory() as folder:
        project = make_project(flywheel, folder)
        answered = leave_backlog(flywheel, project, folder, 50_000_000 if quick else 500_000_000, signal.SIGTERM)
        told = {reader: read(reader, project / "columns") for reader in READERS}
    first = next(iter(told.values()))
    figures = []
    for reader, one in told.items():
        same = all(one[what] == first[what] for what in ("rows", "labels", "scores"))
        figures.append(figure(f"{versions('readers', READERS[reader])} reads {one['rows']:,} rows", f"{one['rows'] / one['seconds']:,.0f} rows/s", "all three the same rows, labels and scores", same, one["seconds"]))
    return figures, f"{answered:,} rows were answered, all with embedding; what capture dropped at this rate it counted (fw_capture_dropped_total); one thread each where the reader lets itself be told; the reader's own start is not counted."


if __name__ == "__main__":
    run_script(__doc__, measure)
