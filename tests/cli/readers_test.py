#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Standard readers of Parquet, unchanged, over what the built program captured.

    tests/cli/readers_test.py PATH_OF_FLYWHEEL

Each is skipped where it is not installed (pip install pandas pyarrow duckdb); the project does not
depend on them.
"""

import json
import os
import unittest

try:
    import pandas
    import pyarrow  # noqa: F401, what pandas reads with
except ImportError:
    pandas = None

try:
    import duckdb
except ImportError:
    duckdb = None

from program import FolderTest, RunningServer, ask, run_tests

ROWS = 20


class CapturedProject(unittest.TestCase):
    """One project that served some rows, heard about a few, and rolled them into Parquet."""

    @classmethod
    def setUpClass(cls):
        home = FolderTest("run_well")
        home.setUp()
        cls.addClassCleanup(home.doCleanups)
        home.make_project()
        home.run_well("turn", home.project)
        server = RunningServer(home.project, "--no-turns", "--drain", "0")
        cls.addClassCleanup(server.end)
        for i in range(ROWS):
            ask(f"{server.url}/v2/models/news/infer", {
                "id": f"order {i}",
                "inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": [f"bank market no{i}"]}]})
        for i in range(0, ROWS, 4):
            ask(f"{server.url}/v2/models/news/feedback", {"id": f"order {i}", "label": "sports"}, expect=202)
        home.run_well("erase", "--subject", "nobody", "--dir", home.project)  # rolls everything
        cls.truth = os.path.join(home.folder, "truth.parquet")
        cls.told = json.loads(home.run_well(
            "truth", "--all", "--out", cls.truth, "--dir", home.project, "--json"))
        server.end()
        cls.columns = os.path.join(home.project, "columns")


@unittest.skipIf(pandas is None, "pandas or pyarrow is not installed")
class Pandas(CapturedProject):
    def test_reads_the_folder_of_a_table(self):
        rows = pandas.read_parquet(os.path.join(self.columns, "predictions"))
        self.assertEqual(len(rows), ROWS)
        self.assertEqual(set(rows["request_id"]), {f"order {i}" for i in range(ROWS)})
        self.assertEqual(set(rows["model"].astype(str)), {"news"})
        self.assertEqual(len(rows["scores"].iloc[0]), 3)
        said = pandas.read_parquet(os.path.join(self.columns, "feedback"))
        self.assertEqual(len(said), ROWS // 4)

    def test_reads_the_joined_table(self):
        rows = pandas.read_parquet(self.truth)
        self.assertEqual(len(rows), ROWS)
        self.assertEqual(self.told["with_truth"], ROWS // 4)
        self.assertEqual(rows["truth"].notna().sum(), ROWS // 4)
        self.assertEqual(set(rows["truth"].dropna()), {"sports"})


@unittest.skipIf(duckdb is None, "duckdb is not installed")
class DuckDb(CapturedProject):
    def test_reads_partitions_by_their_names(self):
        files = os.path.join(self.columns, "predictions", "**", "*.parquet")
        got = duckdb.sql(f"select count(*), min(model), count(distinct day) from read_parquet('{files}', "
                         "hive_partitioning = true)").fetchall()[0]
        self.assertEqual(got[:2], (ROWS, "news"))

    def test_joins_the_truth_with_its_rows(self):
        files = os.path.join(self.columns, "predictions", "**", "*.parquet")
        got = duckdb.sql(f"select count(*) from read_parquet('{files}') p join '{self.truth}' t on p.id = t.id "
                         "where t.truth = 'sports'").fetchall()[0]
        self.assertEqual(got[0], ROWS // 4)


if __name__ == "__main__":
    run_tests(__doc__)
