"""A product whose pool of threads some earlier step of the program itself has limited, and left so."""

from __future__ import annotations

import os
from collections.abc import Callable


def by_an_import() -> Callable[[], object]:
    import limiting_package  # noqa: F401

    return product()


def by_an_import_after_numpy() -> Callable[[], object]:
    region = product()
    import limiting_package  # noqa: F401

    return region


def by_the_set_up() -> Callable[[], object]:
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    return product()


def pool_left_low() -> Callable[[], object]:
    region = product()
    import threadpoolctl

    threadpoolctl.threadpool_limits(1)
    return region


def lowered_by_its_first_call() -> Callable[[], object]:
    region = product()
    import threadpoolctl

    def lowering() -> object:
        threadpoolctl.threadpool_limits(1)
        return region()

    return lowering


def blur(size: int | None) -> Callable[[], object]:
    """Told to use no threads, as Albumentations does when it is imported: to OpenCV, 0 means the caller alone."""
    import cv2
    import numpy

    if size is not None:
        cv2.setNumThreads(size)
    image = numpy.random.default_rng(0).integers(0, 255, (2000, 2000, 3), dtype="uint8")
    return lambda: cv2.GaussianBlur(image, (31, 31), 5)


def product() -> Callable[[], object]:
    import numpy

    matrix = numpy.random.default_rng(0).random((1000, 1000))
    return lambda: matrix @ matrix
