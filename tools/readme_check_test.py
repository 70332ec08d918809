# SPDX-License-Identifier: Apache-2.0
"""Tests of readme_check.py."""

import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import readme_check as rc


class Matching(unittest.TestCase):
    def test_holes(self):
        for expected, printed, same in [
            (["a"], ["a"], True),
            (["a"], ["b"], False),
            (["a", "..."], ["a"], True),
            (["a", "..."], ["a", "x", "y"], True),
            (["...", "b"], ["a", "b", "b"], True),
            (["...", "b"], ["a", "b", "c"], False),
            (["...", "a", "...", "b"], ["x", "a", "y", "b"], True),
            (["...", "b", "...", "a"], ["a", "b"], False),
            (["loop <any> of <any>"], ["loop 0.712 of 43,151"], True),
            (["loop <any>"], ["loop "], False),
            (["loop <any>"], ["loop a b"], False),
            (["loop ... %"], ["loop 71 to 72 %"], True),
            (["1.5 (x)"], ["1x5 (x)"], False),
            (["a  "], ["a", "", ""], True),
            ([], [], True),
            ([], ["a"], False),
            (["..."], [], True),
        ]:
            with self.subTest(expected=expected, printed=printed):
                self.assertEqual(rc.matches(expected, printed), same)


class Blocks(unittest.TestCase):
    def test_reads_commands_output_and_exit_codes(self):
        text = "x\n```console\n$ echo a \\\n    b\na b\n$ false\n[exit 1]\n```\n```sh\n$ no\n```\n```console\n# not run: slow\n$ x\n```\n"
        one, two = rc.blocks_of(text)
        self.assertEqual([(s.command, s.expected, s.exit_code) for s in one.steps],
                         [("echo a \\\n    b", ["a b"], 0), ("false", [], 1)])
        self.assertEqual(two.not_run, "slow")

    def run_text(self, text):
        with tempfile.TemporaryDirectory() as folder:
            return rc.run_block(rc.blocks_of(text)[0], folder)

    def test_runs_and_compares(self):
        self.assertEqual(self.run_text("```console\n$ cd /; x=3\n$ echo $x; pwd\n3\n/\n```\n"), [])
        self.assertEqual(self.run_text("```console\n$ printf 'no newline'\nno newline\n```\n"), [])
        self.assertEqual(self.run_text("```console\n$ printf '1%%\\r2%%\\rdone\\n'\ndone\n```\n"), [])
        self.assertEqual(self.run_text("```console\n$ (exit 3)\n[exit 3]\n```\n"), [])

    def test_says_what_differs(self):
        self.assertIn("printed", self.run_text("```console\n$ echo a\nb\n```\n")[0])
        self.assertIn("ended with 1, not 0", self.run_text("```console\n$ false\n```\n")[0])
        self.assertIn("ended the shell", self.run_text("```console\n$ exit 0\n$ echo b\nb\n```\n")[0])


if __name__ == "__main__":
    unittest.main()
