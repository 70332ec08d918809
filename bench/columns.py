# SPDX-License-Identifier: Apache-2.0
"""Writing captured rows as Parquet, and what recording one costs. Called by run.py; roll.py and readers.py add theirs."""
from google_bench import medians
from report import Section

TARGETS = ["ports_columns_parquet_bench", "rooms_capture_bench"]


def figures(flywheel, quick=False):
    section = Section("columns", "Columns")
    repetitions = 1 if quick else 5
    rows = lambda one: one["items_per_second"] * one["real_s"] / one["cpu_s"]
    written = rows(medians("ports_columns_parquet_bench", "WriteSegment/own_ids:0", repetitions)["BM_WriteSegment/own_ids:0"])
    section.add("rows written as Parquet, zstd, per CPU second", f"{written:,.0f}", ">= 300,000", holds=written >= 300_000)
    found = medians("rooms_capture_bench", "Roll|BM_Record", repetitions)
    rolled = rows(found["BM_Roll"])
    section.add("rows rolled from the journal into columns, per CPU second", f"{rolled:,.0f}", ">= 300,000", holds=rolled >= 300_000)
    section.add("handing a row to capture (request thread)", f"{found['BM_Record']['cpu_s'] * 1e6 / 1000:.2f} us")
    section.note("Google Benchmark: ports_columns_parquet_bench, rooms_capture_bench; rows of its fixtures.")
    return section
