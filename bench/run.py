#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures what the project promises, beside its peers, and writes bench/RESULTS.md.

    make bench                          every section
    make bench ARGS="serving protocol"  these; the others stay in RESULTS.md as they were measured
    make bench ARGS="--quick --dry"     short runs of all, printed only

Standard library only; peers live in their own virtual environments (.cache/peers), made when they are not there.
A section of the table PARTS is a module with figures(flywheel, quick), or scripts, or both. A script is run as

    python3 bench/X.py --flywheel build/release/flywheel [--quick] --json

and ends its standard output with one line, {"figures": [{"figure", "ours", "bar", "holds", "value", "peer", "ratio"}, ...], "how": "..."};
bench/script.py is its frame. Without --json it prints for people.
"""
import argparse
import importlib
import json
import pathlib
import subprocess
import sys
from dataclasses import dataclass, field

import report

BENCH = pathlib.Path(__file__).resolve().parent
ROOT = BENCH.parent
FLYWHEEL = ROOT / "build" / "release" / "flywheel"


@dataclass
class Part:
    title: str
    module: str = ""       ## Has figures(flywheel, quick) and perhaps TARGETS.
    scripts: list = field(default_factory=list)


PARTS = {
    "loop": Part("The loop", "loop"),
    "serving": Part("The server beside Python servers", "serving"),
    "protocol": Part("The protocol", "protocol"),
    "capture": Part("Capture", scripts=["capture_cost.py", "sink_down.py"]),
    "swap": Part("Swap", scripts=["swap.py"]),
    "ends": Part("Ends and starts", scripts=["kill.py", "startup.py"]),
    "columns": Part("Columns", "columns", ["roll.py", "readers.py"]),
    "feedback": Part("Feedback", scripts=["feedback.py", "join.py"]),
    "overload": Part("Overload", scripts=["overload.py"]),
    "page": Part("The page", scripts=["page.py"]),
}


def add_script(section, script, quick):
    """Runs one script; its contract: the last line of its output is {"figures": [...], "how": "..."}."""
    if not (BENCH / script).exists():
        section.add(f"bench/{script}", "not measured: script absent")
        return
    done = subprocess.run(
        [sys.executable, str(BENCH / script), "--flywheel", str(FLYWHEEL), "--json", *(["--quick"] if quick else [])],
        stdout=subprocess.PIPE, text=True)
    lines = done.stdout.strip().splitlines()
    try:
        told = json.loads(lines[-1]) if done.returncode == 0 and lines else None
    except json.JSONDecodeError:
        told = None
    if told is None:
        section.add(f"bench/{script}", f"not measured: the script failed ({done.returncode})", holds=False)
        return
    for one in told["figures"]:
        section.add(one["figure"], one["ours"], one.get("bar", ""), one.get("peer", ""), one.get("ratio", ""), one.get("holds"))
    section.note(f"`bench/{script}`: {told['how']}" if told.get("how") else "")


def measure(name, quick):
    part = PARTS[name]
    section = report.Section(name, part.title)
    if part.module:
        try:
            section = importlib.import_module(part.module).figures(FLYWHEEL, quick)
        except (RuntimeError, OSError, subprocess.SubprocessError) as failed:
            section.add(f"bench/{part.module}.py", f"not measured: {str(failed).strip().splitlines()[0]}", holds=False)
    for script in part.scripts:
        add_script(section, script, quick)
    return section


def build(names):
    targets = ["flywheel"]
    for name in names:
        if PARTS[name].module:
            targets += getattr(importlib.import_module(PARTS[name].module), "TARGETS", [])
    subprocess.run(["cmake", "--build", "--preset", "release", "--target", *targets], cwd=ROOT, check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="short runs: to see that it works, not to be kept")
    parser.add_argument("--dry", action="store_true", help="do not write RESULTS.md")
    parser.add_argument("--no-build", action="store_true", help="measure what was built before")
    options = parser.parse_args()
    names = options.sections or list(PARTS)
    if unknown := [name for name in names if name not in PARTS]:
        parser.error(f"no such section: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    if not options.no_build:
        build(names)
    measured = []
    for name in names:
        measured.append(measure(name, options.quick))
        if not options.dry:
            report.write(BENCH / "RESULTS.md", [part.title for part in PARTS.values()], measured)
    failed = [f"{section.name}: {figure.what}" for section in measured for figure in section.figures if figure.holds is False]
    print(f"{sum(len(section.figures) for section in measured)} figures, {len(failed)} bars do not hold" + "".join(f"\n  {line}" for line in failed))


if __name__ == "__main__":
    main()
