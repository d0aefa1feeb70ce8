"""The facts of this process now, as the `facts` message holds them. The parent interprets them.

{"python": "3.8.18", "implementation": "CPython",
"gil": true | false | null            (null: this Python does not say)
"free_threaded": whether this build can run without it
"affinity": [0, 1] | null, "affinity_at_start": the same when the child started,
"variables": {name: value}            (of the names asked for, those that os.environ has now)
"libraries": [...]                    (see libraries.py)
"frameworks": {"numpy": "1.21.6"}     (those imported by now; null where one has no version)
"theano": {"cxx", "blas.ldflags", "openmp", "openmp_elemwise_minsize", "floatX", "device", "linker", "compiledir",
"base_compiledir"} | null, "pytensor": the same | null,
"observed": the observation since a `watch` that asked for one, see watch/observe.py | null,
"changed": {name: how often a change that a `watch` asked for made a difference} | null,
"overlay": {name: whether it came from the base's folder} of the base's modules that were imported; null: no base}
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
    "distributed",
    "xgboost",
    "lightgbm",
    "blosc",
    "blosc2",
    "cv2",
]
SETTINGS = [
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
    """The facts that do not depend on the session.

    Args:
        libraries: the module libraries.py.
        text: a function that turns any value into text that JSON can carry.
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
    versions = ((name, getattr(sys.modules[name], "__version__", None)) for name in imported)
    return dict((name, None if version is None else text(version)) for name, version in versions)


def _configuration(name, text):
    """Theano's or PyTensor's settings, given or computed; None where the module is not imported."""
    config = getattr(sys.modules.get(name), "config", None)
    if config is None:
        return None
    return dict((key, _plain(_setting(config, key), text)) for key in SETTINGS)


def _setting(config, key):
    """One setting, which Theano calls blas.ldflags and PyTensor blas__ldflags; None where this version has none."""
    try:
        if "." not in key:
            return getattr(config, key)
        section, name = key.split(".")
        if hasattr(config, section + "__" + name):
            return getattr(config, section + "__" + name)
        return getattr(getattr(config, section), name)
    except Exception:  # some compute their default when they are read, which may fail
        return None


def _plain(value, text):
    return value if value is None or isinstance(value, (bool, int)) else text(value)
