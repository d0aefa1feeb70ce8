"""What is true of this process now, as the `facts` message tells it. Raw facts: the parent interprets them.

{"python": "3.8.18", "implementation": "CPython",
"gil": true | false | null            (null: this Python does not say)
"free_threaded": whether this build could do without it
"affinity": [0, 1] | null, "affinity_at_start": the same when the child started,
"variables": {name: value}            (of those asked for, the ones that os.environ holds now)
"libraries": [...]                    (see libraries.py)
"frameworks": {"numpy": "1.21.6"}     (those imported by now; null where a version is not told)
"theano": {"cxx", "blas.ldflags", "openmp", "openmp_elemwise_minsize", "floatX", "device", "linker", "compiledir",
"base_compiledir"} | null, "pytensor": the same | null,
"observed": what was seen since a `watch` that asked to observe, see observing.py | null,
"changed": {name: how often a change that a `watch` asked for made a difference} | null}
"""

import os
import sys

FRAMEWORKS = [
    "numpy",
    "scipy",
    "theano",
    "pytensor",
    "keras",
    "tensorflow",
    "torch",
    "jax",
    "sklearn",
    "pandas",
    "numba",
    "numexpr",
    "polars",
    "joblib",
    "xgboost",
    "lightgbm",
    "blosc",
    "blosc2",
    "cv2",
]
CONFIGURATION = [
    "cxx",
    "blas.ldflags",
    "openmp",
    "openmp_elemwise_minsize",
    "floatX",
    "device",
    "linker",
    "compiledir",
    "base_compiledir",
]


def collect(libraries, text, variables):
    """The facts that need no more than this process.

    Args:
        libraries: the module libraries.py.
        text: a function that makes text that JSON can carry out of anything.
        variables: names of environment variables to report.
    """
    return {
        "python": text("%d.%d.%d" % tuple(sys.version_info[:3])),
        "gil": _gil(),
        "free_threaded": "t" in getattr(sys, "abiflags", ""),
        "variables": dict((text(name), text(os.environ[name])) for name in variables if name in os.environ),
        "libraries": libraries.loaded(text),
        "frameworks": _frameworks(text),
        "theano": _configuration("theano", text),
        "pytensor": _configuration("pytensor", text),
    }


def _gil():
    if hasattr(sys, "_is_gil_enabled"):
        return bool(sys._is_gil_enabled())
    name = getattr(getattr(sys, "implementation", None), "name", "cpython")
    return True if name in ("cpython", "pypy") else None


def _frameworks(text):
    imported = [name for name in FRAMEWORKS if sys.modules.get(name) is not None]
    found = ((name, getattr(sys.modules[name], "__version__", None)) for name in imported)
    return dict((name, None if version is None else text(version)) for name, version in found)


def _configuration(name, text):
    """What Theano or PyTensor were told and found out, or None where the module is not imported."""
    config = getattr(sys.modules.get(name), "config", None)
    if config is None:
        return None
    return dict((key, _plain(_setting(config, key), text)) for key in CONFIGURATION)


def _setting(config, key):
    """One setting: Theano writes blas.ldflags, PyTensor blas__ldflags; None where this version has none."""
    try:
        if "." not in key:
            return getattr(config, key)
        section, name = key.split(".")
        if hasattr(config, section + "__" + name):
            return getattr(config, section + "__" + name)
        return getattr(getattr(config, section), name)
    except Exception:  # some compute their default when read, and may fail at it
        return None


def _plain(value, text):
    return value if value is None or isinstance(value, (bool, int)) else text(value)
