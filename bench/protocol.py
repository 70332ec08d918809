# SPDX-License-Identifier: Apache-2.0
"""What the protocol costs: numbers in JSON and in binary form through one gateway thread, health, decoding. Called by run.py."""
import json
import pathlib
import statistics
import tempfile

from google_bench import medians
from load import get, measured, write_bodies
from report import Section, version_of
from server import flywheel_serve, free_port, make_project, running

TARGETS = ["gateway_bench", "gateway_infer_bench"]
ANCHOR_US = 6.2  ## An empty epoll server answered 156,000 to 166,000 requests a second of one core there.
MLSERVER = "MLServer publishes 1,300 requests/s"


def gateway_figures(section, quick):
    found = medians("gateway_bench", "floats|sixteen|health/64", 1 if quick else 5)
    for name, what, bar in (
            ("floats_json/64", "JSON, 384 floats in, 10 out, requests per server core-second, 64 connections", 35_000),
            ("floats_binary/64", "the same in binary form", 60_000)):
        one = found["infer_" + name]
        section.add(what, f"{one['per_core_second']:,.0f}", f">= {bar:,}", MLSERVER, f"{one['per_core_second'] / 1300:.0f} x", one["per_core_second"] >= bar)
        section.add(f"of these {1e6 / one['per_core_second']:.1f} us, the machine's: a server that only receives and sends as many bytes",
                    f"{found['bare_' + name]['server_cpu_us']:.1f} us")
    one = found["infer_sixteen_json/64"]
    section.add("JSON, 16 floats in, 7 out, CPU a request", f"{one['server_cpu_us']:.1f} us", "<= 20 us", holds=one["server_cpu_us"] <= 20)
    section.add("the same, p99 at 64 connections", f"{one['p99_us'] / 1e3:.2f} ms", "<= 2 ms", holds=one["p99_us"] <= 2000)
    section.add("the same, requests per server core-second", f"{one['per_core_second']:,.0f}", ">= 40,000", holds=one["per_core_second"] >= 40_000)
    bare = found["bare_health/64"]["server_cpu_us"]
    section.add("the machine's pace: CPU a request of a server that only receives and sends, GET health", f"{bare:.1f} us", peer=f"{ANCHOR_US} us where the bars were set",
                ratio=f"{bare / ANCHOR_US:.2f} x")
    pace = bare / ANCHOR_US
    sixteen = found["infer_sixteen_json/64"]
    section.note(f"Divided by that pace ({pace:.2f}; computed, not measured) the bars that speak of time read: JSON {found['infer_floats_json/64']['per_core_second'] * pace:,.0f}, "
                 f"binary {found['infer_floats_binary/64']['per_core_second'] * pace:,.0f}, 16 floats {sixteen['server_cpu_us'] / pace:.1f} us and p99 {sixteen['p99_us'] / 1e3 / pace:.2f} ms.")
    section.note("Numbers in and out: src/gateway/gateway_bench.cpp, the whole gateway over loopback with a model of next to no arithmetic and a recorder that lets the row go; "
                 "CPU is that of the one server thread.")


def decode_figures(section, quick):
    found = medians("gateway_infer_bench", "read_", 1 if quick else 5)
    for name, what, bar_us in (("read_json", "reading 8 x 384 floats from JSON", 40), ("read_binary", "the same from binary form", 2)):
        spent = found[name]["cpu_s"] * 1e6
        section.add(what, f"{spent:.2f} us", f"<= {bar_us} us", holds=spent <= bar_us)


def served_figures(section, flywheel, quick):
    """The built program, one HTTP thread."""
    seconds, rounds = (2, 1) if quick else (6, 5)
    text = json.dumps({"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["코로나19 확산에 지역 축제 줄줄이 취소"]}], "outputs": [{"name": "label"}]},
                      ensure_ascii=False, separators=(",", ":"))
    with tempfile.TemporaryDirectory() as folder:
        project, port = make_project(flywheel, folder), free_port()
        command, ready = flywheel_serve(flywheel, project, port)
        bodies = write_bodies(pathlib.Path(folder) / "bodies", [text])
        url = f"http://127.0.0.1:{port}"
        with running(command, ready) as server:
            health = [measured(server, url + "/v2/health/live", None, load=get, seconds=seconds) for _ in range(rounds)]
            alone = [measured(server, url + "/v2/models/news/infer", bodies, connections=1, seconds=seconds) for _ in range(rounds)]
    middle = lambda runs, name: statistics.median(one[name] for one in runs)
    rate = statistics.median(one["requests"] / one["duration_us"] * 1e6 for one in health)
    section.add("GET health, one gateway thread, 64 connections, requests a second", f"{rate:,.0f}", ">= 100,000",
                f"CPU {middle(health, 'user_us'):.1f} us user, {middle(health, 'system_us'):.1f} us system", holds=rate >= 100_000)
    section.add("the same, per server CPU second", f"{middle(health, 'per_cpu_second'):,.0f}", ">= 100,000", holds=middle(health, "per_cpu_second") >= 100_000)
    section.add("one text over HTTP, loopback, p50 (one connection, capture on)", f"{middle(alone, 'p50_us'):.0f} us", "<= 300 us", holds=middle(alone, "p50_us") <= 300)
    failed = sum(one["failed"] for one in health + alone)
    section.add("requests that failed", str(failed), "0", holds=failed == 0)
    section.note(f"Health and one text: {version_of('wrk', '--version')[:40]}, -t1, {seconds} s, median of {rounds}.")


def figures(flywheel, quick=False):
    section = Section("protocol", "The protocol")
    gateway_figures(section, quick)
    decode_figures(section, quick)
    served_figures(section, flywheel, quick)
    return section
