#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The page in a real Chromium, on the built program: makes a project with questions, serves it, and runs the *.test.mjs.

    tests/page/page_test.py PATH_OF_FLYWHEEL [TEST.mjs ...]

With PAGE_PORT=5171 in the environment the page comes from web/src by Vite on that port instead of from the program.
"""
import contextlib
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent / "cli"))
import program  # noqa: E402  (stands in the folder beside)

STRANGE = [
    "<script>globalThis.hacked = 1</script><img src=x onerror='globalThis.hacked = 1'>",
    "x" * 10_000,
    "مرحبا بالعالم bank 금리 👩‍👩‍👧‍👦 e\u0301 \u202eabc\u202c",
]


def browser():
    places = [os.environ.get("CHROMIUM"), *map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))]
    return next((place for place in places if place), None)


def change_setting(project, name, value):
    settings = pathlib.Path(project) / "flywheel.toml"
    text, found = re.subn(rf"(?m)^{name} = \S+", f"{name} = {value}", settings.read_text(encoding="utf-8"))
    assert found == 1, "the settings have another form"
    settings.write_text(text, encoding="utf-8")


def make_project(home, texts):
    home.run_well("init", home.project, "--model", "news")
    change_setting(home.project, "label_share", "1.0")
    (pathlib.Path(home.project) / "guideline.md").write_text("Money before names.\n돈이 먼저입니다.\n", encoding="utf-8")
    file = pathlib.Path(home.folder) / "rows.csv"
    program.write_csv(file, program.rows(150, 1))
    home.run_well("import", file, "--dir", home.project, "--text", "title", "--label", "topic")
    home.run_well("turn", home.project)
    server = program.RunningServer(home.project)
    for begin in range(0, len(texts), 50):
        program.infer(server.url, texts[begin:begin + 50], f"round-{begin}")
    server.end()
    program.flywheel("turn", home.project)  # stops at its questions


@contextlib.contextmanager
def served(texts):
    """The address of a server whose people are asked about `texts`; of an empty project without any."""
    home = program.FolderTest("run_well")
    home.setUp()
    try:
        if texts:
            make_project(home, texts)
        else:
            home.run_well("init", home.project, "--model", "news")
        server = program.RunningServer(home.project)
        try:
            yield server.url
        finally:
            server.end()
    finally:
        home.doCleanups()


@contextlib.contextmanager
def from_source(url):
    """The address of the page as it stands in web/src, on the API of `url`; without PAGE_PORT, that address itself."""
    port = os.environ.get("PAGE_PORT")
    if not port:
        yield url
        return
    vite = subprocess.Popen(
        [sys.executable, str(ROOT / "tools" / "web.py"), "run", "vite", "--host", "127.0.0.1", "--port", port, "--strictPort"],
        env={**os.environ, "FLYWHEEL_URL": url}, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        here = f"http://127.0.0.1:{port}"
        program.until(lambda: reachable(here), "vite")
        yield here
    finally:
        os.killpg(vite.pid, signal.SIGTERM)
        vite.wait()


def reachable(url):
    try:
        return program.status_of(url) == 200
    except OSError:
        return False


def headlines(count):
    rng = random.Random(7)
    return [program.headline(rng, topic) for topic in sorted(program.TOPICS) * (count // 3)]


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    program.PROGRAM = os.path.abspath(sys.argv[1])
    if browser() is None:
        print("SKIPPED: there is no Chromium; tools/setup.sh page installs it")
        return 0
    tests = sys.argv[2:] or sorted(map(str, HERE.glob("*.test.mjs")))
    with served(headlines(900)) as api, from_source(api) as url, \
            served(STRANGE + headlines(9)) as strange, served([]) as empty:
        done = subprocess.run(
            [sys.executable, str(ROOT / "tools" / "web.py"), "run", "node", "--test", "--test-concurrency=1",
             "--test-reporter=spec", *[str(pathlib.Path(one).resolve()) for one in tests]],
            env={**os.environ, "FLYWHEEL_URL": url, "STRANGE_URL": strange, "EMPTY_URL": empty, "FLYWHEEL": program.PROGRAM, "CHROMIUM": browser()}, check=False)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
