# SPDX-License-Identifier: Apache-2.0
"""Tests of how checks.py counts and compares."""

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


class ClangFlags(unittest.TestCase):
    def test_gcc_only_flags_go(self):
        for flag, goes in [("-Werror", True), ("-Werror=shadow", True), ("-fuse-ld=mold", True), ("-Wall", False),
                           ("-Wno-sign-conversion", False), ("-Wno-maybe-uninitialized", True), ("-fsanitize=address", False)]:
            self.assertEqual(bool(checks.GCC_ONLY.match(flag)), goes, flag)


if __name__ == "__main__":
    unittest.main()
