# SPDX-License-Identifier: Apache-2.0
"""A journal of a given size that nothing has rolled yet: what a server leaves that dies within its busiest minute. Standard library only."""
import json
import pathlib
import signal
import subprocess
import time

from headlines import headlines
from load import post, write_bodies
from script import say
from server import answers_200, flywheel_serve, free_port

ROWS = 256
PATH = "/v2/models/news/infer"
ROLL_EVERY_S = 60  ## The server's; a backlog must be there before.


def batch_bodies(count):
    """Requests of ROWS texts, no two texts alike."""
    texts = headlines()[1]
    made = []
    for n in range(count):
        data = [f"{n} {texts[(n * ROWS + i) % len(texts)]}" for i in range(ROWS)]
        made.append({"inputs": [{"name": "text", "shape": [ROWS], "datatype": "BYTES", "data": data}], "outputs": [{"name": "label"}]})
    return [json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in made]


def journal_bytes(project):
    """Of what is in it; segments are made in their full size."""
    return sum(file.stat().st_blocks * 512 for file in (pathlib.Path(project) / "journal").iterdir())


def leave_backlog(flywheel, project, folder, wanted, end=signal.SIGKILL):
    """Serves until the journal holds `wanted` bytes, then ends; SIGTERM would roll it all. The rows that were answered."""
    file = write_bodies(pathlib.Path(folder) / "batches", batch_bodies(400))
    port = free_port()
    command, ready = flywheel_serve(flywheel, project, port)
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    began = time.monotonic()
    while not answers_200(ready):
        time.sleep(0.01)
    rows = 0
    while journal_bytes(project) < wanted:
        if time.monotonic() - began > ROLL_EVERY_S - 5:
            break
        rows += post(f"http://127.0.0.1:{port}{PATH}", file, connections=4, seconds=2)["requests"] * ROWS
    held = journal_bytes(project)
    process.send_signal(end)
    process.wait()
    say(f"{rows:,} rows, {held / 1e9:.2f} GB of journal in {time.monotonic() - began:.0f} s")
    return rows
