# SPDX-License-Identifier: Apache-2.0
"""Reads the table `predictions` of a folder of columns with one reader: pandas, duckdb or spark. Prints JSON: rows, the sum
of the labels, the scores of all rows, and the seconds that it took after its own start.

    read.py READER FOLDER
"""
import json
import sys
import time


def pandas_reads(folder):
    import pandas

    begun = time.monotonic()
    rows = pandas.read_parquet(f"{folder}/predictions")
    return begun, len(rows), int(rows["label"].sum()), int(rows["scores"].map(len).sum())


def duckdb_reads(folder):
    import duckdb

    duckdb.execute("set threads = 1")
    begun = time.monotonic()
    files = f"{folder}/predictions/**/*.parquet"
    wanted = f"select count(*), sum(label), sum(len(scores)) from read_parquet('{files}', hive_partitioning = true)"
    return begun, *map(int, duckdb.execute(wanted).fetchone())


def spark_reads(folder):
    from pyspark.sql import SparkSession, functions

    spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    begun = time.monotonic()
    rows = spark.read.parquet(f"{folder}/predictions")
    one = rows.agg(functions.count("*"), functions.sum("label"), functions.sum(functions.size("scores"))).first()
    rows.select("id", "embedding", "time", "payload_digest").limit(100).collect()  # every kind of column is decoded
    return begun, *map(int, one)


if __name__ == "__main__":
    begun, *counted = {"pandas": pandas_reads, "duckdb": duckdb_reads, "spark": spark_reads}[sys.argv[1]](sys.argv[2])
    print(json.dumps({"rows": counted[0], "labels": counted[1], "scores": counted[2], "seconds": time.monotonic() - begun}))
