# SPDX-License-Identifier: Apache-2.0
"""Open-loop load: requests are due at a constant rate whatever the server does, and each one's latency counts from
when it was due. The program that sends them is open_loop.cpp, built on first use. Standard library only."""
import array
import functools
import json
import pathlib
import struct
import subprocess
import tempfile
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "build" / "release" / "open_loop"


@dataclass
class Outcome:
    ok_ms: list = field(default_factory=list)
    refused_ms: list = field(default_factory=list)  ## 503, from when it was sent.
    other: int = 0
    unsent: int = 0  ## Due while every connection waited, and never sent.
    late_us: dict = field(default_factory=dict)  ## p50, p99, max: how far the generator itself fell behind.
    seconds: float = 0.0


def request_bytes(path, body):
    return f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@functools.cache
def build():
    """Once a run."""
    subprocess.run(["cmake", "--build", "--preset", "release", "--target", "open_loop"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def open_loop(port, requests, rate, seconds, connections=512):
    """`requests` (bytes) in turn, `rate` a second."""
    build()
    with tempfile.TemporaryDirectory() as folder:
        asked, answers = pathlib.Path(folder, "asked"), pathlib.Path(folder, "answers")
        asked.write_bytes(b"".join(struct.pack("=I", len(one)) + one for one in requests))
        done = subprocess.run([PROGRAM, str(port), asked, str(rate), str(seconds), str(connections), answers],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        status, since_due, since_sent = (array.array(kind) for kind in "iff")
        for row in struct.iter_unpack("=iff", answers.read_bytes()):
            status.append(row[0])
            since_due.append(row[1])
            since_sent.append(row[2])
    said = json.loads(done.stdout)
    outcome = Outcome(seconds=seconds, unsent=said["unsent"], late_us=said["late_us"])
    outcome.ok_ms = [due / 1e3 for code, due in zip(status, since_due) if code == 200]
    outcome.refused_ms = [sent / 1e3 for code, sent in zip(status, since_sent) if code == 503]
    outcome.other = len(status) - len(outcome.ok_ms) - len(outcome.refused_ms)
    return outcome
