# SPDX-License-Identifier: Apache-2.0
"""The same text model behind our server and behind every Python server, 64 keep-alive connections, in turns of one
run: each round starts each server, takes its time to ready and its idle memory, loads it, stops it.

    python3 bench/serving.py --flywheel build/release/flywheel [--quick] [--json] [--peers fastapi,litserve]
"""
import argparse
import json
import pathlib
import statistics
import sys
import tempfile
import time

import python_servers
from headlines import headlines
from load import measured, post, write_bodies
from report import Section
from server import flywheel_serve, free_port, make_project, running

CONNECTIONS = 64
BODIES = 2_000


class Ours:
    """Flywheel, with capture on, asked for the label alone as its peers are."""
    name = "flywheel"
    title = "Flywheel"
    path = "/v2/models/news/infer"

    def __init__(self, flywheel, folder):
        self.flywheel = flywheel
        self.project = make_project(flywheel, folder)

    def start(self, port, log):
        command, ready = flywheel_serve(self.flywheel, self.project, port)
        return running(command, ready, log)

    def bodies(self, texts):
        return [python_servers.V2_BODY % json.dumps(text, ensure_ascii=False) for text in texts]


class Theirs:
    def __init__(self, peer, model, folder):
        self.peer, self.model, self.folder = peer, model, folder
        self.name, self.title, self.path = peer.name, peer.title, peer.path
        self.bodies = peer.bodies

    def start(self, port, log):
        peer = self.peer
        return running(
            peer.command(port), f"http://127.0.0.1:{port}{peer.ready}", log,
            env=peer.env(port, self.model, self.folder), cwd=python_servers.FOLDERS / peer.name)


def one_round(server, texts, folder, seconds):
    """Cold start, idle memory, then load on a warm server."""
    port = free_port()
    bodies = write_bodies(pathlib.Path(folder) / f"{server.name}.bodies", server.bodies(texts))
    url = f"http://127.0.0.1:{port}{server.path}"
    with server.start(port, pathlib.Path(folder) / f"{server.name}.log") as process:
        start_cpu = process.cpu_seconds()
        time.sleep(0.5)
        idle = process.memory_mb()
        post(url, bodies, connections=8, seconds=1)
        result = measured(process, url, bodies, connections=CONNECTIONS, seconds=seconds)
        peak = process.peak_mb()
    return result | {"cold_start_ms": process.cold_start_s * 1e3, "start_cpu_s": start_cpu, "idle_mb": idle, "peak_mb": peak}


def medians(rounds):
    merged = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
    merged["failed"] = sum(one["failed"] for one in rounds)
    merged["idle_first_mb"] = rounds[0]["idle_mb"]  # before the first request of all
    return merged


def compare(flywheel, quick=False, wanted=None):
    """Server -> medians of its rounds, or the sentence that says why there are none. Ours is first."""
    first, served = headlines()
    texts = served[:BODIES]
    rounds, seconds = (2, 2) if quick else (5, 6)
    with tempfile.TemporaryDirectory() as folder:
        servers, found = [Ours(flywheel, folder)], {}
        model = python_servers.fitted_model(first, folder)
        for peer in python_servers.PEERS:
            if wanted is None or peer.name in wanted:
                servers.append(Theirs(peer, model, folder))
        results = {server.title: [] for server in servers}
        for _ in range(rounds):
            for server in servers:
                if server.title in found:
                    continue
                try:
                    if server.name != "flywheel":
                        python_servers.environment(server.name)
                    results[server.title].append(one_round(server, texts, folder, seconds))
                    print(server.title, results[server.title][-1], file=sys.stderr, flush=True)
                except RuntimeError as failed:
                    log = pathlib.Path(folder) / f"{server.name}.log"
                    tail = log.read_text(errors="replace").strip().splitlines()[-3:] if log.exists() else []
                    found[server.title] = f"{failed}: {' / '.join(tail)}"
        for title, many in results.items():
            found.setdefault(title, medians(many) if many else "not measured")
    how = (f"wrk -t1 -c{CONNECTIONS} -d{seconds}s over {len(texts)} headlines in turn, {rounds} rounds in which every server is started, warmed, loaded "
           "and stopped after the other, medians; CPU is that of the server's whole process tree; one process and one thread each, BLAS and OpenMP at 1.")
    return found, how


def load_figures(section, found):
    """Requests per server CPU second, ours against each."""
    ours = found["Flywheel"]
    peers = {title: one for title, one in found.items() if title != "Flywheel" and isinstance(one, dict)}
    best = max(peers, key=lambda title: peers[title]["per_cpu_second"], default=None)
    for title, one in sorted(peers.items(), key=lambda item: -item[1]["per_cpu_second"]):
        ratio = ours["per_cpu_second"] / one["per_cpu_second"]
        bar, holds = (">= 30 x the best", ratio >= 30) if title == best else ("", None)
        section.add(
            "requests per server CPU second, one text, 64 connections, capture on", f"{ours['per_cpu_second']:,.0f}",
            bar, f"{title} {one['per_cpu_second']:,.0f} ({1e6 / one['per_cpu_second']:,.0f} us each)", f"{ratio:.0f} x", holds)
    for title, one in found.items():
        if not isinstance(one, dict):
            section.add(f"{title} beside it", "not measured", peer=str(one)[:300].replace("|", "/"))
    section.add("CPU of one such request", f"{ours['user_us'] + ours['system_us']:.1f} us", "<= 20 us",
                f"user {ours['user_us']:.1f} us, system {ours['system_us']:.1f} us", holds=ours["user_us"] + ours["system_us"] <= 20)
    if "MLServer" in peers:
        mlserver = peers["MLServer"]
        ratio = ours["requests"] / ours["duration_us"] * mlserver["duration_us"] / mlserver["requests"]
        section.add("requests a second, the same load, two cores", f"{ours['requests'] / ours['duration_us'] * 1e6:,.0f}", ">= 5 x MLServer",
                    f"MLServer {mlserver['requests'] / mlserver['duration_us'] * 1e6:,.0f}", f"{ratio:.0f} x", ratio >= 5)
        ratio = ours["p99_us"] / mlserver["p99_us"]
        section.add("p99 under that load", f"{ours['p99_us'] / 1e3:.2f} ms", "<= 1/5 of MLServer's", f"MLServer {mlserver['p99_us'] / 1e3:.1f} ms",
                    f"1/{1 / ratio:.0f}", ratio <= 0.2)
    section.add("p50 and p99 at 64 connections", f"{ours['p50_us'] / 1e3:.2f} ms, {ours['p99_us'] / 1e3:.2f} ms", "p99 <= 2 ms",
                "; ".join(f"{title} {one['p50_us'] / 1e3:.0f}, {one['p99_us'] / 1e3:.0f} ms" for title, one in peers.items()), holds=ours["p99_us"] <= 2000)
    section.add("requests that failed (all rounds)", str(ours["failed"]), "0", "; ".join(f"{title} {one['failed']}" for title, one in peers.items() if one["failed"]), holds=ours["failed"] == 0)
    section.add("peak memory of `flywheel serve` under that load", f"{ours['peak_mb']:.0f} MB", "<= 200 MB", holds=ours["peak_mb"] <= 200)


def idle_figures(section, found):
    """Idle memory and time to ready."""
    ours = found["Flywheel"]
    peers = {title: one for title, one in found.items() if title != "Flywheel" and isinstance(one, dict)}
    section.add("idle server with one small model, resident", f"{ours['idle_first_mb']:.1f} MB", "<= 40 MB",
                "; ".join(f"{title} {one['idle_first_mb']:.0f}" for title, one in peers.items()), holds=ours["idle_first_mb"] <= 40)
    section.add("the same, started again on what it captured in the rounds before", f"{ours['idle_mb']:.1f} MB", "",
                "; ".join(f"{title} {one['idle_mb']:.0f} (they keep nothing)" for title, one in peers.items()))
    section.add("cold start, exec to the first 200 of ready, wall", f"{ours['cold_start_ms']:.0f} ms", "<= 150 ms",
                "; ".join(f"{title} {one['cold_start_ms'] / 1e3:.1f} s" for title, one in peers.items()), holds=ours["cold_start_ms"] <= 150)
    section.add("the same, CPU", f"{ours['start_cpu_s'] * 1e3:.0f} ms", "", "; ".join(f"{title} {one['start_cpu_s']:.1f} s" for title, one in peers.items()))


def figures(flywheel, quick=False, wanted=None):
    section = Section("serving", "The server beside Python servers")
    found, how = compare(flywheel, quick, wanted)
    load_figures(section, found)
    idle_figures(section, found)
    section.note(how)
    packages = [(peer.name, peer.package) for peer in python_servers.PEERS if isinstance(found.get(peer.title), dict)]
    section.note("Versions: " + ", ".join(python_servers.versions(name, [package]) for name, package in packages) + ".")
    section.note("The peers' model is TF-IDF of character n-grams with logistic regression (bench/peers/model), fitted on the rows that ours learned from; a call of it "
                 "takes most of their time. MLServer, LitServe and BentoML batch adaptively; FastAPI and MLflow do not. Ours also captures every row, theirs forget.")
    return section


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--flywheel", type=pathlib.Path, required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true", help="print what was measured as one line of JSON")
    parser.add_argument("--peers", help="only these, by folder: mlserver,fastapi,... (empty: none)")
    options = parser.parse_args()
    wanted = None if options.peers is None else set(filter(None, options.peers.split(",")))
    if options.json:
        print(json.dumps(compare(options.flywheel.resolve(), options.quick, wanted)[0]))
    else:
        print("\n".join(figures(options.flywheel.resolve(), options.quick, wanted).lines()))


if __name__ == "__main__":
    main()
