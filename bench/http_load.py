#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Load on one served model over the loopback: latency of one connection, and requests per server CPU second at 64.

    bench/http_load.py build/release/flywheel

Makes a project by the demo's first turn, serves it with one thread, drives it with wrk, reads the server's CPU time from
/proc. Capture is on. Prints one JSON object.
"""
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"inputs":[{"name":"text","shape":[1],"datatype":"BYTES","data":["%s"]}],"outputs":[{"name":"label"}]}'
"""
TEXT = "코로나19 확산에 지역 축제 줄줄이 취소"
SECONDS = 8


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wrk(url, script, connections):
    out = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "--latency", "-s", script, url],
        capture_output=True, text=True, check=True).stdout
    p50 = re.search(r"50%\s+([\d.]+)(us|ms|s)", out)
    scale = {"us": 1, "ms": 1e3, "s": 1e6}[p50.group(2)]
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    return {
        "p50_us": float(p50.group(1)) * scale,
        "requests": int(re.search(r"(\d+) requests in", out).group(1)),
        "failed": int(bad.group(1)) if bad else 0,
    }


def wait_ready(url):
    for _ in range(200):
        try:
            urllib.request.urlopen(url + "/v2/health/ready", timeout=1).read()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit("the server did not become ready")


def main():
    flywheel = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        project = pathlib.Path(folder) / "p"
        subprocess.run([flywheel, "demo", "news", "--turns", "1", "--keep", project], check=True, capture_output=True)
        script = pathlib.Path(folder) / "post.lua"
        script.write_text(SCRIPT % TEXT)
        server = subprocess.Popen(
            [flywheel, "serve", project, "--port", "18099", "--threads", "1", "--drain", "0"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            url = "http://127.0.0.1:18099"
            wait_ready(url)
            infer = url + "/v2/models/news/infer"
            wrk(infer, script, 8)  # warm
            alone = wrk(infer, script, 1)
            before = cpu_seconds(server.pid)
            many = wrk(infer, script, 64)
            spent = cpu_seconds(server.pid) - before
            rss = re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{server.pid}/status").read_text())
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=30)
    print(json.dumps({
        "p50_us": alone["p50_us"],
        "p50_us_64": many["p50_us"],
        "requests_per_cpu_second": many["requests"] / spent,
        "failed": alone["failed"] + many["failed"],
        "peak_rss_mb": int(rss.group(1)) / 1024,
    }))


if __name__ == "__main__":
    main()
