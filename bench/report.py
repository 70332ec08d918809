# SPDX-License-Identifier: Apache-2.0
"""What was measured, and bench/RESULTS.md, where it stands section by section. A run of some sections replaces
those and leaves the others as they were, each with its own machine, date and commit. Standard library only."""
import datetime
import os
import pathlib
import platform
import re
import subprocess
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parent.parent
BEGIN = [
    "# Results",
    "",
    "Written by `make bench`; do not edit. Each figure stands beside its bar and, where one exists, its peer measured in the same run.",
    "`make bench ARGS=serving` measures one section anew; the others stay as they were measured, with their own date and commit.",
]
HEAD = ["| figure | ours | bar | peer | ratio | holds |", "|---|---|---|---|---|---|"]


@dataclass
class Figure:
    what: str
    ours: str
    bar: str = ""
    peer: str = ""
    ratio: str = ""
    holds: bool | None = None

    def line(self):
        mark = "" if self.holds is None else ("yes" if self.holds else "**no**")
        return "| " + " | ".join((self.what, self.ours, self.bar, self.peer, self.ratio, mark)) + " |"


def machine():
    cpu = "unknown processor"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            cpu = line.split(":", 1)[1].strip()
            break
    return f"{cpu}, {os.cpu_count()} cores, {platform.system()} {platform.release()}"


def commit():
    done = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def version_of(program, *arguments):
    """First line that a tool says about itself, for "load generator"."""
    try:
        done = subprocess.run([program, *arguments], capture_output=True, text=True)
    except OSError:
        return f"{program} (not installed)"
    return ((done.stdout + done.stderr).strip().splitlines() or [program])[0]


class Section:
    """The figures of one run of one section; prints each as it comes."""

    def __init__(self, name, title):
        self.name = name
        self.title = title
        self.figures = []
        self.notes = []

    def add(self, what, ours, bar="", peer="", ratio="", holds=None):
        self.figures.append(Figure(what, ours, bar, peer, ratio, holds))
        mark = "" if holds is None else ("holds" if holds else "DOES NOT HOLD")
        print(f"{self.name}: {what}: {ours}  (bar {bar or '-'}; peer {peer or '-'} {ratio}) {mark}", flush=True)

    def note(self, text):
        if text and text not in self.notes:
            self.notes.append(text)
            print(f"{self.name}: {text}", flush=True)

    def lines(self):
        load = ", ".join(f"{n:.1f}" for n in os.getloadavg())
        stamp = f"{machine()}. {datetime.date.today()}, commit {commit()}; load average at the end {load}."
        out = [f"## {self.title}", "", stamp, "", *HEAD, *[figure.line() for figure in self.figures]]
        if self.notes:
            out += ["", *[f"- {note}" for note in self.notes]]
        return out


def sections_of(text):
    """Heading -> lines of each `## ` part below the first heading."""
    parts = {}
    for part in re.split(r"(?m)^(?=## )", text)[1:]:
        parts[part.split("\n", 1)[0].removeprefix("## ").strip()] = part.rstrip().split("\n")
    return parts


def write(path, order, measured):
    """`order`: the titles of all sections as they shall stand; `measured`: the sections of this run."""
    old = sections_of(path.read_text(encoding="utf-8")) if path.exists() else {}
    new = {section.title: section.lines() for section in measured}
    lines = list(BEGIN)
    for title in order:
        if title in new or title in old:
            lines += ["", *(new.get(title) or old[title])]
    notes = path.parent / "NOTES.md"
    if notes.exists():
        lines += ["", notes.read_text(encoding="utf-8").strip()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
