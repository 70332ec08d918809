#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a peer's requirements.txt from its requirements.in: every package that pip would install, by version and
hash of the wheel for this machine (x86-64, CPython 3.11). For whoever raises a peer's version.

    python3 bench/peers/lock.py bench/peers/fastapi...
"""
import json
import pathlib
import subprocess
import sys


def lock(folder):
    wanted = folder / "requirements.in"
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--dry-run", "--ignore-installed", "--disable-pip-version-check", "--report", "-", "-r", wanted],
        stdout=subprocess.PIPE, text=True, check=True)
    found = {one["metadata"]["name"].lower(): one for one in json.loads(done.stdout)["install"]}
    lines = ["# Made by bench/peers/lock.py from requirements.in."]
    for name, one in sorted(found.items()):
        digest = one["download_info"]["archive_info"]["hashes"]["sha256"]
        lines.append(f"{name}=={one['metadata']['version']} --hash=sha256:{digest}")
    (folder / "requirements.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        lock(pathlib.Path(argument))
