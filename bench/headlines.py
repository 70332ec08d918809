# SPDX-License-Identifier: Apache-2.0
"""The texts that servers are asked about: the dated Korean news headlines below FLYWHEEL_DATA (default
../shared/data), or seeded look-alikes where there are none. Standard library only."""
import gzip
import json
import os
import pathlib
import random
import unicodedata

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATA = pathlib.Path(os.environ.get("FLYWHEEL_DATA", ROOT / ".." / "shared" / "data")).resolve()
STREAM = DATA / "klue-ynat" / "stream.jsonl.gz"
TRAINED = 1_780  # rows of 2016: what version 1 of the demo is trained on, and the peers' model


def real():
    with gzip.open(STREAM, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    pairs = [(unicodedata.normalize("NFC", row["text"]), row["label"], row["time"]) for row in rows]
    return [(text, label) for text, label, time in pairs if time < "2017"], [text for text, _, time in pairs if time >= "2017"]


def made(seed=1, served=4_000):
    """Seven topics with words of their own, Korean-like syllables, as long as headlines are."""
    rng = random.Random(seed)
    syllable = lambda: chr(0xAC00 + rng.randrange(11_172))
    words = [["".join(syllable() for _ in range(rng.randint(2, 4))) for _ in range(400)] for _ in range(7)]
    text = lambda topic: " ".join(rng.choice(words[topic if rng.random() < 0.6 else rng.randrange(7)]) for _ in range(rng.randint(5, 9)))
    first = [(text(topic), f"topic {topic}") for topic in (rng.randrange(7) for _ in range(TRAINED))]
    return first, [text(rng.randrange(7)) for _ in range(served)]


def headlines():
    """Rows to train on as (text, label), and texts to ask about."""
    return real() if STREAM.exists() else made()
