"""Compiled functions of libraries that stay on one thread, each with what threads it.

numcodecs gives Blosc threads on the main thread only, as in zarr-developers/numcodecs#239; a loop of single texts is
huggingface/tokenizers#130.
"""

from __future__ import annotations

import hashlib
import os
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy

THREADS = int(os.environ.get("OMP_NUM_THREADS", "1"))
BLOCKS = [bytes([number]) * 1_000_000 for number in range(16)]


def suffers() -> Callable[[], object]:
    """Hashes in a worker thread, of a library that divides its work on the main thread only."""
    inner, outer = ThreadPoolExecutor(THREADS), ThreadPoolExecutor(1)
    return lambda: outer.submit(hashes, inner).result()


def healthy() -> Callable[[], object]:
    inner = ThreadPoolExecutor(THREADS)
    return lambda: hashes(inner)


def hashes(inner: ThreadPoolExecutor) -> object:
    if threading.current_thread() is threading.main_thread():
        return list(inner.map(digest, BLOCKS))
    return [digest(block) for block in BLOCKS]


def digest(block: bytes) -> bytes:
    return hashlib.sha256(block).digest()


def hashing() -> Callable[[], object]:
    return lambda: [digest(block) for block in BLOCKS]


def sort() -> Callable[[], object]:
    values = numpy.random.default_rng(0).random(2_000_000)
    return lambda: numpy.sort(values)


def sort_of_parts() -> Callable[[], object]:
    parts = numpy.array_split(numpy.random.default_rng(0).random(2_000_000), THREADS)
    pool = ThreadPoolExecutor(THREADS)
    return lambda: list(pool.map(numpy.sort, parts))


def numpy_fft() -> Callable[[], object]:
    values = numpy.random.default_rng(0).random((500, 8192))
    return lambda: numpy.fft.fft(values)


def scipy_fft(workers: int | None) -> Callable[[], object]:
    import scipy.fft

    values = numpy.random.default_rng(0).random((500, 8192))
    return lambda: scipy.fft.fft(values, workers=workers and THREADS)


def forest(jobs: int | None) -> Callable[[], object]:
    from sklearn.ensemble import RandomForestClassifier

    values = numpy.random.default_rng(0).random((3000, 20))
    labels = values[:, 0] + values[:, 1] > 1
    model = RandomForestClassifier(24, n_jobs=jobs and THREADS, random_state=0)
    return lambda: model.fit(values, labels)


def arrow() -> Callable[[], object]:
    import pyarrow
    import pyarrow.compute

    array = pyarrow.array(numpy.random.default_rng(0).random(2_000_000))
    return lambda: pyarrow.compute.sin(array)


def arrow_in_slices() -> Callable[[], object]:
    import pyarrow
    import pyarrow.compute

    array = pyarrow.array(numpy.random.default_rng(0).random(2_000_000))
    length = len(array) // THREADS
    slices = [array.slice(number * length, length) for number in range(THREADS)]
    pool = ThreadPoolExecutor(THREADS)
    return lambda: list(pool.map(pyarrow.compute.sin, slices))


def nearest(workers: int | None) -> Callable[[], object]:
    from scipy.spatial import cKDTree

    points = numpy.random.default_rng(0).random((20_000, 3))
    tree = cKDTree(points)
    return lambda: tree.query(points, workers=THREADS if workers else 1)


def blosc(in_worker: bool) -> Callable[[], object]:
    from numcodecs import Blosc
    from numcodecs import blosc as settings

    settings.set_nthreads(THREADS)
    values = numpy.random.default_rng(0).integers(0, 200, size=2_000_000).astype("f8")
    codec = Blosc("zstd", clevel=3, shuffle=Blosc.SHUFFLE)
    pool = ThreadPoolExecutor(1)
    return lambda: pool.submit(codec.encode, values).result() if in_worker else codec.encode(values)


def tokens(batch: bool) -> Callable[[], object]:
    from tokenizers import Tokenizer
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import Whitespace
    from tokenizers.trainers import BpeTrainer

    chance = random.Random(0)
    words = ["".join(chance.choices("abcdefghijklmnop", k=chance.randint(2, 9))) for _ in range(3000)]
    texts = [" ".join(chance.choices(words, k=60)) for _ in range(1000)]
    unknown = "[UNK]"
    tokenizer = Tokenizer(BPE(unk_token=unknown))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.train_from_iterator(texts, BpeTrainer(vocab_size=1500, special_tokens=[unknown], show_progress=False))
    if batch:
        return lambda: tokenizer.encode_batch(texts)
    return lambda: [tokenizer.encode(text) for text in texts]
