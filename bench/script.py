# SPDX-License-Identifier: Apache-2.0
"""The frame of a benchmark script: --flywheel, --quick, --json, and figures as run.py reads them. Standard library only."""
import argparse
import json
import pathlib
import sys


def figure(what, ours, bar="", holds=None, value=None, peer="", ratio=""):
    return {"figure": what, "ours": ours, "bar": bar, "holds": holds, "value": value, "peer": peer, "ratio": ratio}


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def run_script(what, measure):
    """Calls measure(flywheel, quick) -> (figures, how) and prints what it gives."""
    parser = argparse.ArgumentParser(description=what.strip().splitlines()[0])
    parser.add_argument("--flywheel", type=pathlib.Path, required=True, help="the built program")
    parser.add_argument("--quick", action="store_true", help="smaller sizes, under 30 s")
    parser.add_argument("--json", action="store_true", help="one line of JSON, for run.py")
    options = parser.parse_args()
    try:
        figures, how = measure(options.flywheel.resolve(), options.quick)
    except (RuntimeError, OSError) as failed:
        sys.exit(f"not measured: {failed}")
    if options.json:
        print(json.dumps({"figures": figures, "how": how}))
        return
    for one in figures:
        mark = {True: "holds", False: "DOES NOT HOLD", None: ""}[one["holds"]]
        print(f"{one['figure']}: {one['ours']}  (bar {one['bar'] or '-'}) {mark}")
    print(how)
