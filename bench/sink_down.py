#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An hour at 2,000 rows a second while nothing can be written: memory, failed requests, exact accounts. In fast motion.

    python3 bench/sink_down.py --flywheel build/release/flywheel [--quick] [--json]

The disk is taken away from the running server by a file size limit of 0 (prlimit), and given back at the end.
"""
import pathlib
import resource
import signal
import tempfile
import time
import urllib.request

from backlog import PATH, ROWS, batch_bodies
from load import measured, write_bodies
from script import figure, run_script, say
from server import flywheel_serve, free_port, make_project, running

HOUR = 3600 * 2000


def capture_counts(port):
    """kept, sampled away, dropped, and rows answered, from /metrics."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    total = lambda name: sum(int(float(line.rsplit(" ", 1)[1])) for line in lines if line.startswith((name + "{", name + " ")))
    return {name: total(f"fw_capture_{name}") for name in ("rows_total", "sampled_away_total", "dropped_total", "level")}


def measure(flywheel, quick):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # inherited: a refused write is an error there, not an end
    wanted = 200_000 if quick else HOUR
    with tempfile.TemporaryDirectory() as folder:
        file = write_bodies(pathlib.Path(folder) / "bodies", batch_bodies(40))
        port = free_port()
        command, ready = flywheel_serve(flywheel, make_project(flywheel, folder), port)
        with running(command, ready, log=pathlib.Path(folder) / "log") as server:
            url = f"http://127.0.0.1:{port}{PATH}"
            asked = measured(server, url, file, connections=4, seconds=2)
            requests, failed = asked["requests"], asked["failed"]
            steady_p99 = asked["p99_us"]
            time.sleep(1)
            before, pid = server.memory_mb(), server.process.pid
            unlimited = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, unlimited[1]))
            down, down_p99 = 0, []
            while down * ROWS < wanted:
                asked = measured(server, url, file, connections=4, seconds=3)
                down += asked["requests"]
                failed += asked["failed"]
                down_p99.append(asked["p99_us"])
                say(f"{down * ROWS:,} rows, {server.memory_mb():.0f} MB")
            level = capture_counts(port)["level"]
            grown = max(server.memory_mb(), server.peak_mb()) - before
            resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)
            counts = capture_counts(port)
    served = (requests + down) * ROWS
    accounted = counts["rows_total"] + counts["sampled_away_total"] + counts["dropped_total"]
    middle = sorted(down_p99)[len(down_p99) // 2]
    # wrk ends with requests in flight whose answers it does not count: up to 4 a run.
    slack = 4 * ROWS * (len(down_p99) + 1)
    exact = served <= accounted <= served + slack
    return [
        figure("nothing can be written for an hour: resident memory gained", f"{grown:.0f} MB", "<= 88 MB: 8 x 1 MiB buffers, 8 MiB behind them, 64 MiB of large payloads, 8 MiB slack", grown <= 88, grown),
        figure("requests that failed meanwhile", f"{failed} of {requests + down:,}", "0", failed == 0, failed),
        figure("kept + sampled away + dropped, of rows served", f"{accounted:,} of {served:,} ({counts['rows_total']:,} + {counts['sampled_away_total']:,} + {counts['dropped_total']:,}), level {level}",
               f"equal (wrk leaves up to {slack:,} rows of its last requests uncounted)", exact, accounted - served),
        figure("p99 meanwhile, of before", f"{middle / steady_p99:.2f} x", "<= 1.2 x", middle <= 1.2 * steady_p99, middle / steady_p99),
    ], f"{down * ROWS:,} rows in requests of {ROWS} while every write is refused (an hour at 2,000 rows/s is {HOUR:,}), by wrk -t1 -c4; rows hold text, 7 scores and an embedding."


if __name__ == "__main__":
    run_script(__doc__, measure)
