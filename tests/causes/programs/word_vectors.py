"""Word2Vec on lists of words: its workers train without the interpreter's lock, and are handed sentences with it.

Of sentences of a few words each gives too little to train, and one thread that makes up the batches feeds all workers:
piskvorky/gensim#1509.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable

THREADS = int(os.environ.get("OMP_NUM_THREADS", "1"))
WORDS = 80_000


def vectors(length: int) -> Callable[[], object]:
    """Train on as many words, in sentences of this length."""
    from gensim.models import Word2Vec

    chance = random.Random(0)
    known = [f"w{number}" for number in range(2000)]
    sentences = [chance.choices(known, k=length) for _ in range(WORDS // length)]
    return lambda: Word2Vec(sentences, vector_size=100, min_count=1, epochs=1, workers=THREADS, seed=1)
