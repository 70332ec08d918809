# SPDX-License-Identifier: Apache-2.0
"""Load by wrk: POST bodies in turn over keep-alive connections, closed loop. Standard library only."""
import json
import pathlib
import subprocess

SCRIPT = pathlib.Path(__file__).with_name("post.lua")


def write_bodies(path, bodies):
    """One body a line, so none may hold a line end (JSON without white space has none)."""
    path = pathlib.Path(path)
    path.write_text("\n".join(bodies) + "\n", encoding="utf-8")
    return path


def get(url, _bodies=None, connections=64, seconds=8, headers=None):
    """The same without a body."""
    return post(url, "-", connections, seconds, headers)


def post(url, bodies, connections=64, seconds=8, headers=None):
    """What wrk measured: requests, duration_us, not_2xx, broken, p50_us, p99_us, max_us."""
    extra = [part for pair in (headers or {}).items() for part in pair]
    done = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(SCRIPT), url, "--", str(bodies), *extra],
        capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"wrk failed ({done.returncode}); is it installed (tools/packages.txt)?\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def measured(server, url, bodies, load=None, **options):
    """post() or another `load`, and what the server spent meanwhile: requests per server CPU second, user and system microseconds each."""
    user, system = server.user_and_system_s()
    result = (load or post)(url, bodies, **options)
    user_after, system_after = server.user_and_system_s()
    answered = max(1, result["requests"] - result["not_2xx"])
    result["failed"] = result["not_2xx"] + result["broken"]
    result["user_us"] = (user_after - user) / answered * 1e6
    result["system_us"] = (system_after - system) / answered * 1e6
    result["per_cpu_second"] = answered / max(user_after - user + system_after - system, 0.01)
    return result
