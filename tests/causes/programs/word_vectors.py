"""Word2Vec, whose workers train without the interpreter's lock, and are all fed by one Python thread.

Of short texts that thread has more to do than they have: piskvorky/gensim#1509, with twenty workers. Two are as easily
starved by a corpus that splits its texts as it goes.

Workers write to the same vectors. Those of 2,000 words fit into the caches of the cores, and may go to and fro between
them: on two cores of one virtual machine that read 1.07x and 1.86x within minutes. The healthy twin has 100,000 words.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator

THREADS = int(os.environ.get("OMP_NUM_THREADS", "1"))
WORDS = 60_000
#: Letters by themselves, which are no words and are dropped.
LETTERS = "a b c d " * 10


class Texts:
    """A corpus that splits each text when it is asked for it."""

    def __init__(self, texts: list[str]) -> None:
        self.texts = texts

    def __iter__(self) -> Iterator[list[str]]:
        """Split all of them once more."""
        from gensim.utils import simple_preprocess

        for text in self.texts:
            yield simple_preprocess(text)


def suffers() -> Callable[[], object]:
    return training(Texts([LETTERS + " ".join(words) for words in sentences(2)]))


def healthy() -> Callable[[], object]:
    return training(sentences(1000, words=240_000, known=100_000))


def training(corpus: Texts | list[list[str]]) -> Callable[[], object]:
    from gensim.models import Word2Vec

    model = Word2Vec(vector_size=100, min_count=1, workers=THREADS, seed=1)
    model.build_vocab(corpus)
    return lambda: model.train(corpus, total_examples=model.corpus_count, epochs=1)


def sentences(length: int, words: int = WORDS, known: int = 2000) -> list[list[str]]:
    """So many words of a vocabulary, in sentences of a length."""
    chance = random.Random(0)
    vocabulary = ["".join(chance.choices("abcdefghij", k=6)) for _ in range(known)]
    return [chance.choices(vocabulary, k=length) for _ in range(words // length)]
