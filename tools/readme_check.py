#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the README's blocks and compares what they print.

A block fenced with ```console holds commands (`$ command`, continued by a trailing backslash), each
followed by what it prints. In the expected lines

    ...     alone on a line stands for any lines, none included; inside a line for any characters
    <any>   stands for one or more characters without a space

and spaces at the end of lines are ignored. A command must end well, unless a line `[exit N]` follows.
A block whose first line is `# not run: REASON` is counted as skipped. The block's commands run one
after another in one shell, in a copy of the tracked files that shares build/ and .venv by links, so that what they
write stays out of the project. Standard library only.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
SECONDS_MAX = 600
SHARED = ("build", ".venv")


@dataclass
class Step:
    line: int
    command: str
    expected: list = field(default_factory=list)
    exit_code: int = 0


@dataclass
class Block:
    line: int
    steps: list = field(default_factory=list)
    not_run: str = ""


def blocks_of(text):
    blocks, block = [], None
    for number, line in enumerate(text.split("\n"), 1):
        if block is None:
            if line.strip() == "```console":
                block = Block(number)
            continue
        if line.strip() == "```":
            blocks.append(block)
            block = None
        elif line.startswith("# not run:") and not block.steps:
            block.not_run = line.removeprefix("# not run:").strip() or "no reason given"
        elif block.steps and block.steps[-1].command.endswith("\\") and not block.steps[-1].expected:
            block.steps[-1].command += "\n" + line
        elif line.startswith("$ "):
            block.steps.append(Step(number, line[2:]))
        elif block.steps and (ended := re.fullmatch(r"\[exit (\d+)\]", line.strip())):
            block.steps[-1].exit_code = int(ended.group(1))
        elif block.steps:
            block.steps[-1].expected.append(line.rstrip())
    return blocks


def pattern_of(line):
    """A regular expression for one expected line."""
    parts = re.split(r"(\.\.\.|<any>)", line)
    return "".join({"...": ".*", "<any>": r"\S+"}.get(part, re.escape(part)) for part in parts)


def matches(expected, printed):
    """True when the printed lines are the expected ones. Lines are tried with backtracking, shortest
    gap first."""
    expected, printed = _trimmed(expected), _trimmed(printed)
    reachable = {0}  # how many printed lines may be used up by the expected lines so far
    for line in expected:
        if line.strip() == "...":
            reachable = set(range(min(reachable), len(printed) + 1)) if reachable else set()
            continue
        pattern = re.compile(pattern_of(line))
        reachable = {at + 1 for at in reachable if at < len(printed) and pattern.fullmatch(printed[at])}
    return len(printed) in reachable


def _trimmed(lines):
    lines = [line.rstrip() for line in lines]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def copy_of_project(folder):
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True,
                            text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        source, target = os.path.join(ROOT, name), os.path.join(folder, name)
        if os.path.isfile(source):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy2(source, target)
    for name in SHARED:
        if os.path.exists(os.path.join(ROOT, name)):
            os.symlink(os.path.join(ROOT, name), os.path.join(folder, name))


def script_of(steps):
    """One shell for the whole block, so that `cd` and variables carry over. Marks end each step."""
    return "".join(f"{step.command}\nstatus=$?; printf '\\n\\036%d\\n' $status\n" for step in steps)


def run_block(block, folder):
    """What went wrong, one text a step."""
    env = dict(os.environ, NO_COLOR="1", LC_ALL="C.UTF-8", MAKEFLAGS="")
    try:
        done = subprocess.run(["bash", "-c", script_of(block.steps)], cwd=folder, env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS_MAX, check=False)
    except subprocess.TimeoutExpired:
        return [f"line {block.line}: the block did not end in {SECONDS_MAX} s"]
    # A carriage return begins a progress line anew: what stands before it was overwritten.
    output = re.sub(r"[^\n\r]*\r(?!\n)", "", done.stdout.decode("utf-8", "replace").replace("\r\n", "\n"))
    printed = re.findall(r"(.*?)\n\x1e(\d+)\n", output, re.DOTALL)
    problems = []
    for index, step in enumerate(block.steps):
        if index >= len(printed):
            problems.append(f"line {step.line}: `{step.command}` ended the shell")
            break
        text, status = printed[index][0], int(printed[index][1])
        if status != step.exit_code:
            problems.append(f"line {step.line}: `{step.command}` ended with {status}, not {step.exit_code}:\n{text}")
        elif not matches(step.expected, text.split("\n")):
            wanted = "\n".join(f"  | {line}" for line in step.expected)
            got = "\n".join(f"  | {line}" for line in text.split("\n"))
            problems.append(f"line {step.line}: `{step.command}` printed\n{got}\n  where this is expected\n{wanted}")
    return problems


def check(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        blocks = blocks_of(file.read())
    passed = failed = skipped = 0
    for block in blocks:
        if block.not_run or not block.steps:
            print(f"{path}:{block.line}: not run: {block.not_run or 'no command'}")
            skipped += 1
            continue
        with tempfile.TemporaryDirectory(prefix="flywheel-readme-") as folder:
            copy_of_project(folder)
            problems = run_block(block, folder)
        for problem in problems:
            print(f"{path}: {problem}")
        failed, passed = failed + bool(problems), passed + (not problems)
    return passed, failed, skipped


def main():
    parser = argparse.ArgumentParser(description="Runs the console blocks of Markdown files and compares.")
    parser.add_argument("files", nargs="*", default=["README.md"])
    options = parser.parse_args()
    total = (0, 0, 0)
    for path in options.files:
        if not os.path.exists(os.path.join(ROOT, path)):
            print(f"{path} is not there")
            total = tuple(map(sum, zip(total, (0, 0, 1), strict=True)))
            continue
        total = tuple(map(sum, zip(total, check(path), strict=True)))
    print(f"{path_summary(options.files)}: {total[0]} passed, {total[1]} failed, {total[2]} skipped")
    return 1 if total[1] else 0


def path_summary(files):
    return ", ".join(files)


if __name__ == "__main__":
    sys.exit(main())
