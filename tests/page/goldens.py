#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The golden pictures of the page (goldens/) and the answers that they show (recordings/).

    tests/page/goldens.py PATH_OF_FLYWHEEL --renew     takes the pictures anew, of the recorded answers
    tests/page/goldens.py PATH_OF_FLYWHEEL --record    asks real servers for the answers anew, then takes the pictures

Look at every picture that has changed before it is committed.
"""
import contextlib
import datetime
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

from page_test import HERE, ROOT, browser, change_setting, from_source, headlines, program, served

BEGIN = datetime.datetime(2023, 9, 1, tzinfo=datetime.timezone.utc)
DAYS, DRIFT, ROWS_A_DAY = 518, 330, 9
WEIGHTS = {"before": (3, 2, 2), "after": (1, 5, 2)}


def stream(path):
    """Headlines of a year and a half, some of two topics at once; in the last months another topic prevails."""
    rng = random.Random(11)
    topics = sorted(program.TOPICS)
    with open(path, "w", encoding="utf-8") as file:
        for day in range(DAYS):
            for row in range(ROWS_A_DAY):
                topic = rng.choices(topics, WEIGHTS["before" if day < DRIFT else "after"])[0]
                words = [rng.choice(program.TOPICS[topic if rng.random() < 0.6 else rng.choice(topics)]) for _ in range(4)]
                time = BEGIN + datetime.timedelta(days=day, hours=2 * row)
                line = {"time": time.strftime("%Y-%m-%dT%H:%M:%SZ"), "text": f"{' '.join(words)} no{rng.randrange(10**6)}", "label": topic}
                file.write(json.dumps(line, ensure_ascii=False) + "\n")


@contextlib.contextmanager
def grown():
    """The address of a server of a project that has turned for a year."""
    with tempfile.TemporaryDirectory() as folder:
        project = pathlib.Path(folder) / "project"
        lines = pathlib.Path(folder) / "stream.jsonl"
        stream(lines)
        subprocess.run(
            [program.PROGRAM, "demo", "--stream", lines, "--train-until", "2024-01-01", "--budget", "0.3", "--feedback", "--keep", project],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # Else a turn would begin at once, since the newest row is old.
        age = datetime.datetime.now(datetime.timezone.utc) - (BEGIN + datetime.timedelta(days=DAYS))
        change_setting(project, "every_days", age.days + 14)
        server = program.RunningServer(project)
        try:
            yield server.url
        finally:
            server.end()


def node(*words, **environment):
    return subprocess.run(
        [sys.executable, str(ROOT / "tools" / "web.py"), "run", "node", *map(str, words)],
        env={**os.environ, "CHROMIUM": browser(), **environment}, check=False).returncode


def main():
    if len(sys.argv) != 3 or sys.argv[2] not in ("--renew", "--record") or browser() is None:
        sys.exit(__doc__ + "\nNeeds a Chromium: tools/setup.sh page")
    program.PROGRAM = os.path.abspath(sys.argv[1])
    if sys.argv[2] == "--record":
        with grown() as old, served(headlines(60)) as asking, served([]) as empty, served([]) as guarded:
            failed = node(HERE / "goldens.mjs", GROWN_URL=old, ASKING_URL=asking, EMPTY_URL=empty, GUARDED_URL=guarded)
        if failed:
            return failed
    with served([]) as api, from_source(api) as url:
        return node("--test", "--test-reporter=spec", HERE / "goldens.test.mjs", FLYWHEEL_URL=url, RENEW_GOLDENS="1")


if __name__ == "__main__":
    sys.exit(main())
