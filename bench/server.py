# SPDX-License-Identifier: Apache-2.0
"""Servers under measurement: start one, wait until it is ready, read what it costs from /proc, stop it.

Standard library only. A server is a tree of processes; CPU and memory are those of the whole tree.

    with running(command, ready_url) as server:
        server.cold_start_s, server.memory_mb(), server.cpu_seconds()
"""
import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.parse

TICKS = os.sysconf("SC_CLK_TCK")
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
READY_WITHIN_S = 90


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def stat_fields(pid):
    """Fields of /proc/PID/stat from the state on; None when the process is gone."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None


def tree(root):
    """`root` and all that descends from it."""
    children = {}
    for entry in pathlib.Path("/proc").iterdir():
        fields = stat_fields(entry.name) if entry.name.isdigit() else None
        if fields:
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, open_ = [], [root]
    while open_:
        pid = open_.pop()
        found.append(pid)
        open_ += children.get(pid, [])
    return found


def cpu_seconds(root):
    """(user, system) seconds of the tree's threads, and of its children that have ended."""
    user = system = 0
    for pid in tree(root):
        fields = stat_fields(pid)
        if fields:
            user += int(fields[11]) + int(fields[13])
            system += int(fields[12]) + int(fields[14])
    return user / TICKS, system / TICKS


def memory_mb(root):
    """Resident memory of a single process; of several, their proportional shares: what they share counts once."""
    pids, sum_kb = tree(root), 0
    field = "Rss:" if len(pids) == 1 else "Pss:"
    for pid in pids:
        with contextlib.suppress(OSError):
            for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                sum_kb += int(line.split()[1]) if line.startswith(field) else 0
    return sum_kb / 1024


def peak_mb(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def answers_200(url):
    """One GET on a connection of its own; plain sockets, so that asking often costs the server little."""
    parts = urllib.parse.urlsplit(url)
    try:
        with socket.create_connection((parts.hostname, parts.port), timeout=5) as peer:
            peer.sendall(f"GET {parts.path} HTTP/1.1\r\nHost: {parts.hostname}\r\nConnection: close\r\n\r\n".encode())
            return peer.recv(64).split(b" ")[1:2] == [b"200"]
    except OSError:
        return False


class Server:
    def __init__(self, process, cold_start_s):
        self.process = process
        self.cold_start_s = cold_start_s

    def cpu_seconds(self):
        return sum(cpu_seconds(self.process.pid))

    def user_and_system_s(self):
        return cpu_seconds(self.process.pid)

    def memory_mb(self):
        return memory_mb(self.process.pid)

    def peak_mb(self):
        return peak_mb(self.process.pid)


def stop(process):
    """An orderly end of the root, then whatever is left of the tree. Every id belongs to a process started here."""
    pids = tree(process.pid)
    process.send_signal(signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=30)
    for pid in pids:
        if pid != process.pid or process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    process.wait()


@contextlib.contextmanager
def running(command, ready_url, log=None, env=None, cwd=None):
    """A started server that answers 200 at `ready_url`. Its time to ready counts from exec."""
    with open(log, "ab") if log else open(os.devnull, "wb") as out:
        started = time.monotonic()
        process = subprocess.Popen(
            [str(part) for part in command], stdout=out, stderr=out, cwd=cwd, env={**os.environ, **ONE_THREAD, **(env or {})})
        try:
            while not answers_200(ready_url):
                if process.poll() is not None or time.monotonic() - started > READY_WITHIN_S:
                    raise RuntimeError(f"{command[0]} did not become ready; see {log}")
                time.sleep(0.001)
            yield Server(process, time.monotonic() - started)
        finally:
            stop(process)


def make_project(flywheel, folder):
    """A project with version 1 of the model 'news': the first turn of the demo. Works without the real data, too."""
    project = pathlib.Path(folder) / "project"
    subprocess.run([str(flywheel), "demo", "news", "--turns", "1", "--keep", str(project)], check=True, capture_output=True)
    return project


def flywheel_serve(flywheel, project, port, threads=1):
    """The command that serves `project`, and where it says that it is ready."""
    command = [flywheel, "serve", project, "--port", port, "--threads", threads, "--drain", "0", "--no-turns"]
    return command, f"http://127.0.0.1:{port}/v2/health/ready"
