# SPDX-License-Identifier: Apache-2.0
"""The yardstick of the linear engine: scikit-learn on the same headlines.

Fits TfidfVectorizer(char_wb) with LogisticRegression and with LinearSVC on 2016, then measures CPU seconds
of the fit (features included), of predicting one text and of predicting in batches, and the accuracy on
2017-2020. Prints one JSON object. One thread.

    python bench/peers/sklearn_text.py [--data ../shared/data]

Needs numpy and scikit-learn, which nothing else in this project needs.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse
import gzip
import json
import pathlib
import time
import unicodedata

import sklearn
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

BATCH = 1000
REPEATS = 3


def read_stream(root):
    """Rows of the stream as (text, label), those of 2016 and the later ones."""
    first, later = [], []
    with gzip.open(pathlib.Path(root) / "klue-ynat" / "stream.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            pair = (unicodedata.normalize("NFC", row["text"]), row["label"])
            (first if row["time"] < "2017" else later).append(pair)
    return first, later


def cpu_seconds(work, repeats=REPEATS):
    """Least CPU seconds of some runs: noise only adds."""
    best = float("inf")
    for _ in range(repeats):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def measure(name, ngrams, classifier, first, later):
    texts, labels = zip(*first)
    served, truth = zip(*later)
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=ngrams, sublinear_tf=True)
    model = make_pipeline(vectorizer, classifier)
    fit = cpu_seconds(lambda: model.fit(texts, labels))
    one = cpu_seconds(lambda: [model.predict([text]) for text in served[:200]])
    batch = cpu_seconds(lambda: model.predict(served[:BATCH]))
    said = model.predict(served)
    return {
        "model": name,
        "ngrams": list(ngrams),
        "fit_cpu_s": round(fit, 4),
        "predict_one_us": round(one / 200 * 1e6, 1),
        "predict_batch_us_per_row": round(batch / BATCH * 1e6, 2),
        "accuracy": round(sum(a == b for a, b in zip(said, truth)) / len(truth), 4),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=os.environ.get("FLYWHEEL_DATA", "../shared/data"))
    first, later = read_stream(parser.parse_args().data)
    rows = [
        measure(name, ngrams, classifier, first, later)
        for ngrams in ((1, 3), (1, 4))
        for name, classifier in (
            ("LogisticRegression C=100", LogisticRegression(C=100, max_iter=1000)),
            ("LinearSVC C=1", LinearSVC(C=1)),
        )
    ]
    print(json.dumps({"scikit_learn": sklearn.__version__, "train": len(first), "served": len(later), "rows": rows}))


if __name__ == "__main__":
    main()
