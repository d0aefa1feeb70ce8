"""A filter by OpenCV."""

from collections.abc import Callable

import cv2
import numpy


def prepare(setting: int | None = None) -> Callable[[], object]:
    if setting:
        cv2.setNumThreads(setting)
    image = numpy.random.default_rng(0).integers(0, 255, (1500, 1500), dtype=numpy.uint8)
    return lambda: cv2.bilateralFilter(image, 9, 75, 75)
