"""A product by TensorFlow on the CPU."""

from collections.abc import Callable

import tensorflow


def prepare(setting: int | None = None) -> Callable[[], object]:
    if setting:
        tensorflow.config.threading.set_intra_op_parallelism_threads(setting)
    matrix = tensorflow.ones((900, 900))
    return lambda: tensorflow.matmul(matrix, matrix).numpy()
