"""Thread pools as this process has them: how many threads each library would use, asked now.

Each is {"api": "openblas" | "mkl" | "blis" | "openmp" | "torch" | "numexpr" | "numba",
         "path": the library's file; of torch, numexpr and numba the Python module's,
         "threads": the most that it would use for the thread that asks | null,
         "layer": as in libraries.py; torch's, numba's, where they tell | null,
         "dynamic": whether it may use fewer as it sees fit (OMP_DYNAMIC, MKL_DYNAMIC) | null,
         "limit": the most threads that its runtime allows at all (OMP_THREAD_LIMIT) | null}

Nothing is imported, started or set for it. MKL, BLIS and the OpenMP of LLVM and Intel read their variables when they
are first asked, torch and numba start their pools then: while modules are being imported they are left alone.
"""

import ctypes
import re
import sys

#: Libraries that have read their variables when they are loaded: asking these changes nothing.
READ_AT_LOAD = re.compile(r"openblas|gomp", re.IGNORECASE)
THREADS = {"mkl": "MKL_Get_Max_Threads", "blis": "bli_thread_get_num_threads", "openmp": "omp_get_max_threads"}
DYNAMIC = {"mkl": "MKL_Get_Dynamic", "openmp": "omp_get_dynamic"}
LIMIT = {"openmp": "omp_get_thread_limit"}
#: Their number is a thread's own: asked from another thread they tell something else.
OWN_TO_A_THREAD = ("mkl", "openmp", "torch", "numba")


class Pool(object):
    """One library's pool.

    Attributes:
        api, path, layer: see this file's docstring.
        threads: a function that asks for their number.
    """

    def __init__(self, api, path, layer, threads, dynamic=None, limit=None):
        self.api, self.path, self.layer = api, path, layer
        self.threads = threads
        self._dynamic, self._limit = dynamic, limit

    def entry(self):
        """What it is now, as this file's docstring says."""
        return {
            "api": self.api,
            "path": self.path,
            "layer": self.layer,
            "threads": self.threads(),
            "dynamic": self._dynamic,
            "limit": self._limit,
        }


def found(libraries, text):
    """All pools of this process.

    Args:
        libraries: the module libraries.py.
        text: a function that makes text that JSON can carry out of anything.
    """
    mapped = [_of_library(libraries, entry) for entry in libraries.loaded(text)]
    return [pool for pool in mapped if pool] + [pool for pool in (_torch(text), _numexpr(text), _numba(text)) if pool]


def found_early(libraries, text):
    """Those that can be asked while modules are being imported."""
    mapped = [_of_library(libraries, entry) for entry in libraries.loaded(text, READ_AT_LOAD)]
    return [pool for pool in mapped if pool]


def _of_library(libraries, entry):
    api = entry["kind"]
    symbol = THREADS.get(api)
    if api == "openblas":
        symbol = entry["symbols_prefix"] + "openblas_get_num_threads" + entry["symbols_suffix"]
    path = entry["path"] if isinstance(entry["path"], str) else entry["path"].encode("utf-8")
    if symbol is None or entry["threads"] is None:
        return None
    library = libraries.Library(path)
    # PyDLL keeps the interpreter's lock: a sampler that let go of it at every question would wait for it each time.
    ask = getattr(ctypes.PyDLL(path, mode=libraries.RTLD_NOLOAD), symbol)
    dynamic = library.number(DYNAMIC[api]) if api in DYNAMIC else None
    return Pool(
        api,
        entry["path"],
        entry["layer"],
        # BLIS says -1 where nothing was asked for, and then uses one.
        lambda: max(1, int(ask())),
        None if dynamic is None else bool(dynamic),
        library.number(LIMIT[api]) if api in LIMIT else None,
    )


def _imported(name, text):
    """A module that is imported already, and its file."""
    module = sys.modules.get(name)
    return module, text(getattr(module, "__file__", None) or name)


def _torch(text):
    torch, path = _imported("torch", text)
    if not hasattr(torch, "get_num_threads"):
        return None
    said = re.search(r"parallel backend: (\w+)", _said(torch, "__config__", "parallel_info"))
    return Pool("torch", path, text(said.group(1)).lower() if said else None, lambda: int(torch.get_num_threads()))


def _said(module, part, function):
    try:
        return str(getattr(getattr(module, part), function)())
    except Exception:  # another version's name
        return ""


def _numexpr(text):
    numexpr, path = _imported("numexpr", text)
    if hasattr(numexpr, "get_num_threads"):
        return Pool("numexpr", path, None, lambda: int(numexpr.get_num_threads()))
    if hasattr(numexpr, "nthreads"):  # before 2.10 (2023): what it started with
        return Pool("numexpr", path, None, lambda: int(numexpr.nthreads))
    return None


def _numba(text):
    """Asked for its number, Numba would start its threads: before they run, what it will start is told."""
    parallel, path = _imported("numba.np.ufunc.parallel", text)
    if not hasattr(parallel, "get_num_threads") or not hasattr(parallel, "NUM_THREADS"):
        return None

    def threads():
        return int(parallel.get_num_threads() if getattr(parallel, "_is_initialized", False) else parallel.NUM_THREADS)

    layer = getattr(parallel, "_threading_layer", None)
    return Pool("numba", path, None if layer is None else text(layer), threads)


class _Loaded(ctypes.Structure):
    """The start of struct dl_phdr_info of <link.h>."""

    _fields_ = [
        ("address", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
        ("headers", ctypes.c_void_p),
        ("header_count", ctypes.c_uint16),
        ("loads", ctypes.c_ulonglong),
        ("unloads", ctypes.c_ulonglong),
    ]


def library_loads():
    """How many libraries this process has loaded so far, ended ones too; None where the system does not say.

    It costs microseconds, where reading the map of a large process takes a millisecond. The interpreter's lock is held
    for it (PyDLL): the loader's own lock is, and a thread that imports takes the two in the other order.
    """
    loads = []

    def look(loaded, size, _):
        if size >= ctypes.sizeof(_Loaded):
            loads.append(loaded.contents.loads)
        return 1

    kind = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Loaded), ctypes.c_size_t, ctypes.c_void_p)
    try:
        ctypes.PyDLL(None).dl_iterate_phdr(kind(look), None)
    except (OSError, AttributeError):
        return None
    return loads[0] if loads else None
