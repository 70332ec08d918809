#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Everything that must hold before a change is taken: what `make test` and .ci/run do.

    tools/checks.py             all stages
    tools/checks.py style tidy  only these

Each stage prints its name and its wall time; the last line is `N passed, N failed, N skipped`, summed
over the cases of all test programs. The exit code is 0 only when every stage passed and something ran.
Standard library only.
"""

import argparse
import base64
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
CORES = os.cpu_count() or 2
FUZZ_SECONDS = int(os.environ.get("FUZZ_SECONDS", "10"))  # for each fuzzer
# What a fuzzer may take for one input of at most 8 KiB: memory in all, one allocation, time.
FUZZ_LIMITS = ["-max_len=8192", "-rss_limit_mb=1024", "-malloc_limit_mb=256", "-timeout=10"]
TIDY_SECONDS_MAX = 200  # no new file is begun after that; the ones not reached are named
FORMATTED = ("src", "tests", "bench", "examples")


@dataclass
class Count:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other):
        return Count(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


PASS, FAIL = Count(passed=1), Count(failed=1)


def run(command, env=None):
    """Runs it with its output shown; True when it succeeded."""
    return subprocess.run(command, cwd=ROOT, env=env, check=False).returncode == 0


def answer(command):
    """What it prints, or None when it fails."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else None


# --- building and running test programs --------------------------------------------------------


def tests_of(build, labels):
    """ctest's tests: name -> program (its file name)."""
    listed = answer(["ctest", "--test-dir", build, "--show-only=json-v1", *labels])
    tests = json.loads(listed)["tests"] if listed else []
    return {test["name"]: os.path.basename(test["command"][0]) for test in tests if test.get("command")}


def count_report(report):
    """Cases of one gtest JSON report."""
    total = Count()
    for suite in report["testsuites"]:
        for case in suite["testsuite"]:
            if case.get("failures"):
                total += FAIL
            elif case.get("status") == "NOTRUN" or case.get("result") in ("SKIPPED", "SUPPRESSED"):
                total += Count(skipped=1)
            else:
                total += PASS
    return total


def count_cases(tests, outcomes, reports):
    """The sum over all programs. tests: name -> program; outcomes: name -> ctest's word for its end;
    reports: program -> its gtest reports. A test without a report (no gtest, or it crashed before it
    could write one) counts as one case."""
    total = Count()
    for program in sorted(set(tests.values())):
        names = [name for name, its in tests.items() if its == program]
        cases = sum((count_report(r) for r in reports.get(program, [])), Count())
        broken = sum(1 for name in names if outcomes.get(name) not in ("run", "disabled", "notrun", None))
        if not reports.get(program):
            ran = sum(1 for name in names if outcomes.get(name) == "run")
            cases = Count(ran, broken, len(names) - ran - broken)
        elif broken > cases.failed:
            cases.failed = broken  # it ended badly after its report, or without one
        total += cases
    return total


def read_outcomes(junit):
    """ctest's word for each test of its JUnit file: run, fail, disabled, notrun."""
    with open(junit, encoding="utf-8") as file:
        found = re.findall(r'<testcase name="([^"]+)"[^>]*? status="(\w+)"', file.read())
    return dict(found)


def read_reports(folder):
    reports = {}
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".json"):
            continue
        try:
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                report = json.load(file)
        except ValueError:
            continue  # cut off by a crash; ctest tells of it
        reports.setdefault(re.sub(r"_\d+$", "", name.removesuffix(".json")), []).append(report)
    return reports


def run_tests(preset, labels):
    build = os.path.join(ROOT, "build", preset)
    reports = os.path.join(build, "reports")
    shutil.rmtree(reports, ignore_errors=True)
    os.makedirs(reports)
    junit = os.path.join(reports, "ctest.xml")
    env = dict(os.environ, GTEST_OUTPUT=f"json:{reports}/", GTEST_BRIEF="1")
    # One more than there are cores: many tests wait, for a server, a browser, a disk.
    ended_well = run(["ctest", "--preset", preset, "-j", str(CORES + 1), "--output-junit", junit, *labels], env)
    if not os.path.exists(junit):
        return FAIL
    total = count_cases(tests_of(build, labels), read_outcomes(junit), read_reports(reports))
    return total if ended_well or total.failed else total + FAIL


def stage_build():
    """build: release, with the tests that run in it"""
    built = run(["cmake", "--preset", "release"]) and run(["cmake", "--build", "--preset", "release", "--target", "release_tests"])
    return Count() if built else FAIL


def stage_tests():
    """tests: release; unit tests of what an optimiser changes (the sanitizers run them all)"""
    return run_tests("release", ["-L", "optimised|turns|faults|cli|page"])


def stage_sanitizers():
    """sanitizers: unit tests under address and undefined-behaviour sanitizers (clang)"""
    built = run(["cmake", "--preset", "asan"]) and run(["cmake", "--build", "--preset", "asan", "--target", "unit_tests"])
    return run_tests("asan", ["-L", "unit"]) if built else FAIL


# --- fuzzers -----------------------------------------------------------------------------------


def fuzz(program, corpus, seconds):
    """Runs one fuzzer on a copy of its corpus; what to say of a failure, or None. What it finds new
    stays beside the program for a next run."""
    name = os.path.basename(program).removesuffix("_fuzz")
    grown = os.path.join(os.path.dirname(program), "grown", name)
    os.makedirs(grown, exist_ok=True)
    seeds = os.path.join(corpus, name)
    if not os.path.isdir(seeds):
        return f"{name}: has no corpus; put some inputs into {os.path.relpath(seeds, ROOT)}/"
    crash = f"{program}.crash"
    if os.path.exists(crash):
        os.remove(crash)
    done = subprocess.run([program, f"-max_total_time={seconds}", f"-exact_artifact_path={crash}", *FUZZ_LIMITS, grown, seeds],
                          cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode == 0:
        runs = re.findall(r"^Done (\d+) runs", done.stderr, re.MULTILINE)
        print(f"{name}: {runs[-1] if runs else '?'} inputs")
        return None
    said = f"{name}: failed\n" + "\n".join(done.stderr.splitlines()[-60:])
    if os.path.exists(crash):
        with open(crash, "rb") as file:
            text = base64.b64encode(file.read()).decode()
        said += f"\nTo see it again:\n  echo '{text}' | base64 -d >{os.path.relpath(crash, ROOT)}\n" \
                f"  {os.path.relpath(program, ROOT)} {os.path.relpath(crash, ROOT)}"
    return said


def stage_fuzz():
    """fuzz: each fuzzer for ten seconds (FUZZ_SECONDS)"""
    if shutil.which("clang++-19") is None:
        print("clang++-19 is not installed; `make setup` installs it")
        return Count(skipped=1)
    if not (run(["cmake", "--preset", "asan"]) and run(["cmake", "--build", "--preset", "fuzz"])):
        return FAIL
    folder = os.path.join(ROOT, "build", "asan", "fuzz")
    corpus = os.path.join(ROOT, "tests", "fuzz", "corpus")
    wanted = (answer(["git", "ls-files", "-co", "--exclude-standard", "src/*_fuzz.cpp"]) or "").split()
    programs = [os.path.join(folder, os.path.basename(p).removesuffix(".cpp")) for p in sorted(set(wanted))]
    total = Count()
    with concurrent.futures.ThreadPoolExecutor(CORES) as pool:
        for failure in pool.map(lambda p: fuzz(p, corpus, FUZZ_SECONDS), programs):
            total += FAIL if failure else PASS
            if failure:
                print(failure)
    return total


# --- style -------------------------------------------------------------------------------------


def stage_tidy():
    """tidy: the rules of the house, and the tests of the tools"""
    total = PASS if run([sys.executable, "tools/tidy.py"]) else FAIL
    done = subprocess.run([sys.executable, "-m", "unittest", "discover", "-s", "tools", "-p", "*_test.py"],
                          cwd=ROOT, capture_output=True, text=True, check=False)
    ran = re.search(r"^Ran (\d+) tests?", done.stderr, re.MULTILINE)
    broken = sum(int(n) for n in re.findall(r"(?:failures|errors)=(\d+)", done.stderr))
    if done.returncode != 0:
        print(done.stderr)
        broken = max(broken, 1)
    return total + Count(passed=max(int(ran.group(1)) - broken, 0) if ran else 0, failed=broken)


def sources():
    listed = answer(["git", "ls-files", "-co", "--exclude-standard"]) or ""
    return [p for p in listed.split("\n") if p.endswith((".cpp", ".h")) and p.startswith(FORMATTED)
            and os.path.isfile(os.path.join(ROOT, p))]


def stage_format():
    """format: clang-format-19, nothing to change"""
    unformatted = []
    with concurrent.futures.ThreadPoolExecutor(CORES) as pool:
        batches = [sources()[i::CORES] for i in range(CORES)]
        for done in pool.map(lambda batch: subprocess.run(
                ["clang-format-19", "--dry-run", "-Werror", *batch], cwd=ROOT, capture_output=True, text=True,
                check=False) if batch else None, batches):
            if done is not None and done.returncode != 0:
                unformatted += re.findall(r"^(\S+?):\d+:\d+: error", done.stderr, re.MULTILINE) or [done.stderr.strip()]
    for path in sorted(set(unformatted)):
        print(f"{path}: not formatted; run `make format`")
    return FAIL if unformatted else PASS


def changed_files():
    """What differs from where this branch began (or, on the main branch, from the commit before), and
    what is not committed yet. None when there is no history to compare with."""
    head = (answer(["git", "rev-parse", "HEAD"]) or "").strip()
    base = ""
    for branch in ("origin/HEAD", "origin/main", "main", "origin/master", "master"):
        base = (answer(["git", "merge-base", "HEAD", branch]) or "").strip()
        if base:
            break
    if not base or base == head:
        base = (answer(["git", "rev-parse", "--verify", "-q", "HEAD~1"]) or "").strip()
    if not base:
        return None
    names = answer(["git", "diff", "--name-only", "--diff-filter=d", base]) or ""
    fresh = answer(["git", "ls-files", "-o", "--exclude-standard"]) or ""
    return sorted({name for name in (names + fresh).split("\n") if name})


def clang_database():
    """The files that the tidy preset would compile: with clang, each by itself, without precompiled
    headers. So a missing #include is seen here, in every changed source."""
    if answer(["cmake", "--preset", "tidy"]) is None:
        return set()
    with open(os.path.join(ROOT, "build", "tidy", "compile_commands.json"), encoding="utf-8") as file:
        return {os.path.relpath(entry["file"], ROOT) for entry in json.load(file)}


def clang_tidy(path, headers, deadline):
    if time.monotonic() > deadline:
        return path, None
    done = subprocess.run(["clang-tidy-19", "--quiet", "-p", "build/tidy", f"--header-filter={headers}", path], cwd=ROOT,
                          capture_output=True, text=True, check=False)
    return path, "" if done.returncode == 0 else done.stdout + done.stderr


def stage_clang_tidy():
    """clang-tidy: the changed sources"""
    changed = changed_files()
    if changed is None:
        print("no earlier commit to compare with")
        return Count(skipped=1)
    known = clang_database()
    headers = [p for p in changed if p.startswith("src/") and p.endswith(".h")]
    # A changed header is looked at through its own source. Tests are left out: the macros of gtest and
    # rapidcheck expand to what the checks forbid.
    wanted = sorted({p for p in [*changed, *(h.removesuffix(".h") + ".cpp" for h in headers)]
                     if p in known and p.startswith("src/") and not p.endswith(("_test.cpp", "_bench.cpp", "_fuzz.cpp"))})
    only = "/(" + "|".join(map(re.escape, headers)) + ")$" if headers else "^$"
    deadline = time.monotonic() + TIDY_SECONDS_MAX
    total = Count()
    with concurrent.futures.ThreadPoolExecutor(CORES) as pool:
        for path, findings in pool.map(lambda p: clang_tidy(p, only, deadline), wanted):
            if findings is None:
                print(f"{path}: not reached in {TIDY_SECONDS_MAX} s; `make tidy FILES={path}` does it")
                total += Count(skipped=1)
            elif findings:
                print(re.sub(r"(?m)^\d+ warnings?.*\n|^Suppressed .*\n|^Use -.*\n", "", findings).rstrip())
                total += FAIL
            else:
                total += PASS
    print(f"{len(wanted)} changed sources")
    return total


def stage_readme():
    """readme: its blocks run and compared"""
    done = subprocess.run([sys.executable, "tools/readme_check.py"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    print(done.stdout, end="")
    counted = re.search(r"(\d+) passed, (\d+) failed, (\d+) skipped", done.stdout)
    total = Count(*map(int, counted.groups())) if counted else FAIL
    return total if done.returncode == 0 or total.failed else total + FAIL


STAGES = {
    "tidy": stage_tidy,
    "format": stage_format,
    "build": stage_build,
    "tests": stage_tests,
    "sanitizers": stage_sanitizers,
    "fuzz": stage_fuzz,
    "clang-tidy": stage_clang_tidy,
    "readme": stage_readme,
}
NEED_BUILD = ("tests", "readme")


def main():
    parser = argparse.ArgumentParser(description="Runs the checks; without names, all of them.")
    parser.add_argument("stages", nargs="*", metavar="STAGE", help=", ".join(STAGES))
    options = parser.parse_args()
    unknown = set(options.stages) - set(STAGES)
    if unknown:
        parser.error(f"no such stage: {', '.join(sorted(unknown))}")
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    total, broken, began = Count(), [], time.monotonic()
    for name in options.stages or STAGES:
        print(f"=== {STAGES[name].__doc__}", flush=True)
        if "build" in broken and name in NEED_BUILD:
            print("not run: the build failed")
            total += Count(skipped=1)
            continue
        start = time.monotonic()
        count = STAGES[name]()
        total += count
        broken += [name] if count.failed else []
        print(f"--- {name}: {count} in {time.monotonic() - start:.0f} s", flush=True)
    print(f"all stages took {time.monotonic() - began:.0f} s")
    if broken:
        print(f"failed: {', '.join(broken)}")
    print(total)
    return 1 if broken or total.passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
