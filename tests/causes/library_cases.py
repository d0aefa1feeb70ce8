"""Compiled functions of libraries that stay on one thread; the twin uses what threads them."""

from __future__ import annotations

from .case import Case, Twin, twins

OF_LIBRARIES = (
    Case("serial-native", **twins("serial_native"), note="a library that has threads on the main thread only"),
    Case(
        "serial-native",
        suffers=Twin("serial_native:hashing"),
        healthy=Twin("serial_native:healthy"),
        proven=False,
        note="hashes, which let go of the lock",
    ),
    Case(
        "serial-native",
        suffers=Twin("serial_native:sort"),
        healthy=Twin("serial_native:sort_of_parts"),
        proven=False,
        note="numpy.sort",
    ),
    Case(
        "serial-native",
        suffers=Twin("serial_native:numpy_fft"),
        healthy=Twin("serial_native:scipy_fft", {"workers": 2}),
        proven=False,
        needs=("scipy",),
        note="numpy.fft",
    ),
    Case(
        "serial-native",
        suffers=Twin("serial_native:scipy_fft", {"workers": None}),
        healthy=Twin("serial_native:scipy_fft", {"workers": 2}),
        proven=False,
        needs=("scipy",),
        note="scipy.fft",
    ),
    Case(
        "serial-native",
        suffers=Twin("serial_native:forest", {"jobs": None}),
        healthy=Twin("serial_native:forest", {"jobs": 2}),
        proven=False,
        needs=("sklearn",),
        note="a forest without n_jobs",
    ),
    Case(
        "serial-native",
        suffers=Twin("serial_native:arrow"),
        healthy=Twin("serial_native:arrow_in_slices"),
        proven=False,
        needs=("pyarrow",),
        note="a compute function of Arrow",
    ),
    Case(
        "serial-native",
        suffers=Twin("serial_native:nearest", {"workers": None}),
        healthy=Twin("serial_native:nearest", {"workers": 2}),
        proven=False,
        needs=("scipy",),
        note="a k-d tree",
    ),
    Case(
        "serial-native",
        suffers=Twin("serial_native:blosc", {"in_worker": True}),
        healthy=Twin("serial_native:blosc", {"in_worker": False}),
        needs=("numcodecs",),
        note="numcodecs#239: Blosc off the main thread",
    ),
    Case(
        "serial-native",
        suffers=Twin("serial_native:tokens", {"batch": False}),
        healthy=Twin("serial_native:tokens", {"batch": True}),
        proven=False,
        needs=("tokenizers",),
        note="tokenizers#130: a loop of single texts",
    ),
    Case(
        "small-steps",
        suffers=Twin("small_steps:descent", {"batch": 16}),
        healthy=Twin("small_steps:descent", {"batch": 4096, "hidden": 1024}),
        limits={"min_cores": 1.6, "threads": 2},
        needs=("jax",),
        escapes="JAX's threads ask for work again and again: on some machines 1.6 to 1.8 cores are busy, and slower",
        note="JAX, a jitted step for each batch",
    ),
)
