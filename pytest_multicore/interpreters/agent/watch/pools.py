"""The thread pools of this process: how many threads each library would use now.

Each is {"api": "openblas" | "mkl" | "blis" | "openmp" | "torch" | "numba"
                | the name of a module in MODULES,
         "path": the library's file; of torch, numba and MODULES the Python module's,
         "threads": the most that it would use for the thread that asks | null,
         "layer": as in libraries.py; torch's and numba's, where they have one | null,
         "dynamic": whether it may decide to use fewer (OMP_DYNAMIC, MKL_DYNAMIC) | null,
         "limit": the most threads that its runtime allows (OMP_THREAD_LIMIT) | null}

Nothing is imported, started or set for it. MKL, BLIS and the OpenMP of LLVM and Intel read their variables when they
are first asked, and torch and numba start their pools then: they are not asked while modules are being imported.
"""

import ctypes
import re
import sys

#: Libraries that read their variables when they are loaded: to ask them changes nothing.
LOAD_TIME_LIBRARIES = re.compile(r"openblas|gomp", re.IGNORECASE)
THREADS = {"mkl": "MKL_Get_Max_Threads", "blis": "bli_thread_get_num_threads", "openmp": "omp_get_max_threads"}
DYNAMIC = {"mkl": "MKL_Get_Dynamic", "openmp": "omp_get_dynamic"}
LIMIT = {"openmp": "omp_get_thread_limit"}
#: By module: what says how many threads it would use. No answer starts any. NumExpr before 2.10 (2023) knows but the
#: number at its start.
MODULES = (("numexpr", ("get_num_threads", "nthreads")), ("cv2", ("getNumThreads",)), ("pyarrow", ("cpu_count",)))
#: They have a size for each thread: the answer depends on the thread that asks.
PER_THREAD_APIS = ("mkl", "openmp", "torch", "numba")


class Pool(object):
    """One library's pool.

    Attributes:
        api, path, layer: see this file's docstring.
        threads: a function that returns the pool's size.
    """

    def __init__(self, api, path, layer, threads, dynamic=None, limit=None):
        self.api, self.path, self.layer = api, path, layer
        self.threads = threads
        self._dynamic, self._limit = dynamic, limit

    def entry(self):
        """Its entry now, as in this file's docstring."""
        return {
            "api": self.api,
            "path": self.path,
            "layer": self.layer,
            "threads": self.threads(),
            "dynamic": self._dynamic,
            "limit": self._limit,
        }


def all_pools(libraries, text):
    """All pools of this process.

    Args:
        libraries: the module libraries.py.
        text: a function that turns any value into text that JSON can carry.
    """
    pools = [_of_library(libraries, entry) for entry in libraries.loaded(text)]
    pools += [_torch(text), _numba(text)] + [_of_module(name, names, text) for name, names in MODULES]
    return [pool for pool in pools if pool]


def early_pools(libraries, text, files=None):
    """The pools that can be asked while modules are being imported: of these files, or of all."""
    pools = [_of_library(libraries, entry) for entry in libraries.loaded(text, LOAD_TIME_LIBRARIES, files)]
    return [pool for pool in pools if pool]


def _of_library(libraries, entry):
    api = entry["kind"]
    symbol = THREADS.get(api)
    if api == "openblas":
        symbol = entry["symbols_prefix"] + "openblas_get_num_threads" + entry["symbols_suffix"]
    path = entry["path"] if isinstance(entry["path"], str) else entry["path"].encode("utf-8")
    if symbol is None or entry["threads"] is None:
        return None
    library = libraries.Library(path)
    # PyDLL keeps the interpreter's lock: a sampler that released it for each call would wait for it each time.
    ask = getattr(ctypes.PyDLL(path, mode=libraries.RTLD_NOLOAD), symbol)
    dynamic = library.number(DYNAMIC[api]) if api in DYNAMIC else None
    return Pool(
        api,
        entry["path"],
        entry["layer"],
        # BLIS returns -1 where no number was set, and then uses one.
        lambda: max(1, int(ask())),
        None if dynamic is None else bool(dynamic),
        library.number(LIMIT[api]) if api in LIMIT else None,
    )


def _imported(name, text):
    """A module, if it is imported already, and its file."""
    module = sys.modules.get(name)
    return module, text(getattr(module, "__file__", None) or name)


def _torch(text):
    torch, path = _imported("torch", text)
    if not hasattr(torch, "get_num_threads"):
        return None
    backend = re.search(r"parallel backend: (\w+)", _text_of(torch, "__config__", "parallel_info"))
    layer = text(backend.group(1)).lower() if backend else None
    return Pool("torch", path, layer, lambda: int(torch.get_num_threads()))


def _text_of(module, part, function):
    try:
        return str(getattr(getattr(module, part), function)())
    except Exception:  # another version's name
        return ""


def _of_module(name, names, text):
    module, path = _imported(name, text)
    for ask in names:
        if hasattr(module, ask):
            return Pool(name, path, None, lambda ask=ask: _number(getattr(module, ask)))
    return None


def _number(value):
    return int(value() if callable(value) else value)


def _numba(text):
    """Numba's pool. To ask it starts its threads: before that, the number that it would start is used."""
    parallel, path = _imported("numba.np.ufunc.parallel", text)
    if not hasattr(parallel, "get_num_threads") or not hasattr(parallel, "NUM_THREADS"):
        return None

    def threads():
        return int(parallel.get_num_threads() if getattr(parallel, "_is_initialized", False) else parallel.NUM_THREADS)

    layer = getattr(parallel, "_threading_layer", None)
    return Pool("numba", path, None if layer is None else text(layer), threads)
