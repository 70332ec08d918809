# SPDX-License-Identifier: Apache-2.0
"""The one model that every peer serves: TF-IDF of character n-grams and logistic regression, fitted on the
headlines that version 1 of the demo learns from.

    python text_model.py FILE < ROWS      fits it on JSON lines [text, label] and writes FILE

Peers import it to load the file named in PEER_MODEL. Needs scikit-learn. FILE is joblib's, as its users save models: made and
read by one run of the benchmark, never kept.
"""
import json
import os
import sys

import joblib
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline


def fit(rows):
    texts, labels = zip(*rows)
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3), sublinear_tf=True)
    return make_pipeline(vectorizer, LogisticRegression(C=100, max_iter=1000)).fit(texts, labels)


def load():
    return joblib.load(os.environ["PEER_MODEL"])


if __name__ == "__main__":
    joblib.dump(fit(json.loads(line) for line in sys.stdin), sys.argv[1])
