# SPDX-License-Identifier: Apache-2.0
"""Tests of how checks.py counts and compares."""

import contextlib
import io
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import checks
from checks import Count


def report(*cases):
    return {"testsuites": [{"testsuite": list(cases)}]}


GOOD = {"status": "RUN", "result": "COMPLETED"}
BAD = {"status": "RUN", "result": "COMPLETED", "failures": [{"failure": "x"}]}
LEFT_OUT = {"status": "RUN", "result": "SKIPPED"}


class Counting(unittest.TestCase):
    def test_sums_the_cases_of_all_programs(self):
        tests = {"base": "base_test", "stats": "stats_test"}
        reports = {"base_test": [report(GOOD, GOOD, LEFT_OUT)], "stats_test": [report(GOOD, BAD)]}
        self.assertEqual(checks.count_cases(tests, {"base": "run", "stats": "fail"}, reports), Count(3, 1, 1))

    def test_a_program_that_crashed_counts_as_failed(self):
        self.assertEqual(checks.count_cases({"base": "base_test"}, {"base": "fail"}, {}), Count(0, 1, 0))
        # The report is whole, but the program ended badly afterwards (a leak found at exit).
        self.assertEqual(checks.count_cases({"base": "base_test"}, {"base": "fail"}, {"base_test": [report(GOOD)]}), Count(1, 1, 0))

    def test_a_test_that_is_no_gtest_program_counts_once(self):
        self.assertEqual(checks.count_cases({"api": "python3"}, {"api": "run"}, {}), Count(1, 0, 0))
        self.assertEqual(checks.count_cases({"api": "python3"}, {"api": "notrun"}, {}), Count(0, 0, 1))

    def test_several_tests_of_one_program(self):
        tests = {"kill 1": "turns_test", "kill 2": "turns_test"}
        reports = {"turns_test": [report(GOOD), report(GOOD)]}
        self.assertEqual(checks.count_cases(tests, {"kill 1": "run", "kill 2": "run"}, reports), Count(2, 0, 0))

    def test_reads_what_ctest_and_gtest_write(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in [("a_test.json", '{"testsuites": []}'), ("a_test_1.json", '{"testsuites": []}'), ("b_test.json", '{"te')]:
                with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                    file.write(text)
            self.assertEqual({k: len(v) for k, v in checks.read_reports(folder).items()}, {"a_test": 2})
            junit = os.path.join(folder, "ctest.xml")
            with open(junit, "w", encoding="utf-8") as file:
                file.write('<testsuite><testcase name="base" classname="base" time="0.1" status="run">\n'
                           '<testcase name="loop" classname="loop" time="0" status="fail">\n</testsuite>')
            self.assertEqual(checks.read_outcomes(junit), {"base": "run", "loop": "fail"})


class Fuzz(unittest.TestCase):
    """Shell scripts in the place of fuzzers."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def run_fuzzer(self, script, with_corpus=True):
        program = os.path.join(self.folder.name, "row_fuzz")
        with open(program, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\n" + script)
        os.chmod(program, 0o755)
        corpus = os.path.join(self.folder.name, "corpus")
        os.makedirs(os.path.join(corpus, "row") if with_corpus else corpus)
        shown = io.StringIO()
        with contextlib.redirect_stdout(shown):
            said = checks.fuzz(program, corpus, 7)
        return said, shown.getvalue()

    def test_says_how_many_inputs_were_tried(self):
        said, shown = self.run_fuzzer('echo "Done 42 runs in $1" >&2')
        self.assertIsNone(said)
        self.assertEqual(shown, "row: 42 inputs\n")

    def test_shows_a_crash_and_how_to_see_it_again(self):
        said, _ = self.run_fuzzer('for a; do case $a in -exact_artifact_path=*) printf bad >"${a#*=}";; esac; done\n'
                                  'echo "ERROR: it broke" >&2; exit 77')
        self.assertIn("ERROR: it broke", said)
        self.assertIn("echo 'YmFk' | base64 -d >", said)

    def test_wants_a_corpus(self):
        said, _ = self.run_fuzzer("exit 0", with_corpus=False)
        self.assertIn("has no corpus", said)


if __name__ == "__main__":
    unittest.main()
