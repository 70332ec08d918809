#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Takes the screenshots of README: four replayed years, served, in a real Chromium.

    tests/page/pictures.py PATH_OF_FLYWHEEL
"""
import os
import pathlib
import subprocess
import sys
import tempfile

from page_test import HERE, ROOT, browser, program


def main():
    if len(sys.argv) != 2 or browser() is None:
        sys.exit(__doc__ + "\nNeeds a Chromium: tools/setup.sh page")
    program.PROGRAM = os.path.abspath(sys.argv[1])
    pictures = ROOT / "docs" / "pictures"
    pictures.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        project = pathlib.Path(folder) / "news"
        subprocess.run([program.PROGRAM, "demo", "news", "--keep", str(project)], check=True, stdout=subprocess.DEVNULL)
        server = program.RunningServer(project)
        try:
            subprocess.run(
                [sys.executable, str(ROOT / "tools" / "web.py"), "run", "node", str(HERE / "pictures.mjs"), str(pictures)],
                env={**os.environ, "FLYWHEEL_URL": server.url, "CHROMIUM": browser()}, check=True)
        finally:
            server.end()


if __name__ == "__main__":
    main()
