"""The numeric libraries that this process has mapped: names from the map, figures from the libraries themselves.

Each is {"path", "kind": "openblas" | "mkl" | "blis" | "reference" | "atlas" | "accelerate" | "openmp",
         "version": text | null, "threads": the most that it would use | null,
         "layer": "pthreads" | "openmp" | "sequential" | "intel" | "gnu" | "tbb" | "pgi" | "llvm" | null,
         "symbols_prefix", "symbols_suffix": of OpenBLAS's names, for instance "scipy_" and "64_"; of others ""}.

As threadpoolctl does it, with two differences: nothing is set in os.environ, and a symbol counts for the file that
defines it (dladdr), not for a file that only links to it. So Debian's libblas.so.3 of OpenBLAS, which defines dgemm_
and links to libopenblas.so.0, is not listed in addition, nor taken for the reference BLAS.
"""

import ctypes
import os
import re
import sys

# 2.7's os does not have the constant. <dlfcn.h>: 4 on Linux, 16 on macOS.
RTLD_NOLOAD = getattr(os, "RTLD_NOLOAD", 16 if sys.platform == "darwin" else 4)
LIBRARY_PATTERN = re.compile(r"blas|blis|mkl_|torch_cpu|atlas|gomp|iomp|libomp|accelerate|veclib", re.IGNORECASE)
OPENBLAS_AFFIXES = [(prefix, suffix) for prefix in ("", "scipy_") for suffix in ("", "64_", "_64")]
OPENBLAS_FILE_VERSION = re.compile(r"-r0(?:-[0-9a-f]+)?\.(\d+\.\d+)[^/]*$")
OPENBLAS_LAYERS = {0: "sequential", 1: "pthreads", 2: "openmp"}
MKL_LAYERS = {0: "intel", 1: "sequential", 2: "pgi", 3: "gnu", 4: "tbb"}
VERSION_STRING = re.compile(r"\0(\d+\.\d+(?:\.\d+)?(?:-[-.\w]+)?)\0".encode("ascii"))
BLIS_FLAVOURS = {"openmp": "openmp", "pthread": "pthreads", "serial": "sequential"}
MKL_FILES = (
    ("mkl_intel_thread", "intel"),
    ("mkl_gnu_thread", "gnu"),
    ("mkl_tbb_thread", "tbb"),
    ("mkl_sequential", "sequential"),
)
OPENMP_LAYERS = (("gomp", "gnu"), ("iomp", "intel"), ("omp", "llvm"))


class Library(object):
    """One mapped file, opened without loading it again."""

    def __init__(self, path):
        self.path = path
        self.name = os.path.basename(path)
        self._handle = ctypes.CDLL(path, mode=RTLD_NOLOAD)

    def reaches(self, symbol):
        """Whether the file, or a file that it links to, defines `symbol`."""
        return hasattr(self._handle, symbol)

    def defines(self, symbol):
        """Whether the file itself defines `symbol`."""
        return self.reaches(symbol) and _defined_in(getattr(self._handle, symbol), self.path)

    def number(self, symbol, *arguments):
        """The result of the C function `int symbol(...)`; None where the file does not define it."""
        return int(getattr(self._handle, symbol)(*arguments)) if self.reaches(symbol) else None

    def words(self, symbol):
        """The result of the C function `const char *symbol(void)`; None where the file does not define it."""
        if not self.reaches(symbol):
            return None
        function = getattr(self._handle, symbol)
        function.restype = ctypes.c_char_p
        return (function() or b"").decode("utf-8", "replace")

    def fill(self, symbol, size):
        """The text that the C function `void symbol(char *, int)` writes; None where there is none."""
        if not self.reaches(symbol):
            return None
        buffer = ctypes.create_string_buffer(size)
        getattr(self._handle, symbol)(buffer, size)
        return buffer.value.decode("utf-8", "replace")


class DlInfo(ctypes.Structure):
    """Dl_info of <dlfcn.h>."""

    _fields_ = [
        ("dli_fname", ctypes.c_char_p),
        ("dli_fbase", ctypes.c_void_p),
        ("dli_sname", ctypes.c_char_p),
        ("dli_saddr", ctypes.c_void_p),
    ]


def _defined_in(function, path):
    info = DlInfo()
    try:
        dladdr = ctypes.CDLL(None).dladdr
    except AttributeError:  # not known here: count it for the file that was asked
        return True
    dladdr.argtypes = [ctypes.c_void_p, ctypes.POINTER(DlInfo)]
    if not dladdr(ctypes.cast(function, ctypes.c_void_p), ctypes.byref(info)) or not info.dli_fname:
        return True
    defining_file = info.dli_fname if isinstance(path, bytes) else os.fsdecode(info.dli_fname)
    return os.path.realpath(defining_file) == os.path.realpath(path)


def loaded(text, pattern=LIBRARY_PATTERN, files=None):
    """The list of this file's docstring, in the order of the map; [] where the system does not show its map.

    Args:
        text: a function that turns a path into text that JSON can carry.
        pattern: only files whose path it matches are opened.
        files: paths to look at; None: all of the map.
    """
    entries = []
    for path in mapped_files() if files is None else files:
        if not pattern.search(path):
            continue
        try:
            described = describe(Library(path))
        except (OSError, ValueError):  # removed from disk, or not a library
            continue
        if described:
            entries.append(dict(described, path=text(path)))
    return _one_mkl(entries)


def describe(library):
    """One library's entry without its path; None for an unknown library."""
    for recognise in (_openblas, _mkl, _atlas, _blis, _accelerate, _openmp, _reference):
        entry = recognise(library)
        if entry:
            defaults = {"version": None, "threads": None, "layer": None, "symbols_prefix": "", "symbols_suffix": ""}
            return dict(defaults, **entry)
    return None


def _openblas(library):
    for prefix, suffix in OPENBLAS_AFFIXES:
        if library.defines(prefix + "openblas_get_num_threads" + suffix):
            break
    else:
        return None
    config = library.words(prefix + "openblas_get_config" + suffix) or ""
    return {
        "kind": "openblas",
        "version": _openblas_version(config, library.path),
        "threads": library.number(prefix + "openblas_get_num_threads" + suffix),
        "layer": OPENBLAS_LAYERS.get(library.number(prefix + "openblas_get_parallel" + suffix)),
        "symbols_prefix": prefix,
        "symbols_suffix": suffix,
    }


def _openblas_version(config, path):
    """Given by the library since 0.3.4; before that only its file's name holds it: -r0-39a31c03.2.18.so."""
    words = config.split()
    if len(words) > 1 and words[0] == "OpenBLAS":
        return words[1]
    named = OPENBLAS_FILE_VERSION.search(os.path.realpath(path))
    return "0." + named.group(1) if named else None


def _mkl(library):
    """PyTorch's wheels for x86 have MKL within their own file."""
    if not re.search("mkl_|torch_cpu", library.name) or not library.defines("MKL_Get_Max_Threads"):
        return None
    banner = library.fill("MKL_Get_Version_String", 200) or ""
    version = re.search(r"Version ([^ ]+)", banner)
    return {
        "kind": "mkl",
        "version": version.group(1) if version else None,
        "layer": _mkl_layer(library),
        "threads": library.number("MKL_Get_Max_Threads"),
    }


def _mkl_layer(library):
    """Given an impossible layer, MKL sets none and returns its own; without that function by the mapped files."""
    current = library.number("MKL_Set_Threading_Layer", -1)
    if current is not None:
        return MKL_LAYERS.get(current)
    mapped = " ".join(os.path.basename(path) for path in mapped_files())
    return next((layer for name, layer in MKL_FILES if name in mapped), None)


def _one_mkl(entries):
    """MKL consists of several files that all answer: keep the one that programs link to."""
    parts = [entry for entry in entries if entry["kind"] == "mkl" and "mkl_" in os.path.basename(entry["path"])]
    if len(parts) < 2:
        return entries
    face = ([entry for entry in parts if "mkl_rt" in entry["path"]] or parts)[0]
    return [entry for entry in entries if entry is face or entry not in parts]


def _blis(library):
    if not library.defines("bli_thread_get_num_threads"):
        return _hidden_blis(library)
    threads = library.number("bli_thread_get_num_threads")
    layers = [name for name in ("openmp", "pthreads") if library.number("bli_info_get_enable_" + name)]
    return {
        "kind": "blis",
        "version": library.words("bli_info_get_version_str"),
        "threads": 1 if threads == -1 else threads,  # -1: no number was set, and BLIS then uses one
        "layer": (layers + ["sequential"])[0],
    }


def _hidden_blis(library):
    """Debian's libblas.so.3 of BLIS hides BLIS's own names: recognised by strings in the file, and by its path."""
    if "blas" not in library.name or not library.defines("dgemm_"):
        return None
    with open(library.path, "rb") as content:
        words = content.read()
    if b"BLIS_NUM_THREADS" not in words:
        return None
    versions = VERSION_STRING.findall(words)
    flavour = re.search(r"blis-(openmp|pthread|serial)", library.path)
    return {
        "kind": "blis",
        "version": versions[0].decode("ascii") if len(versions) == 1 else None,
        "layer": BLIS_FLAVOURS[flavour.group(1)] if flavour else None,
    }


def _atlas(library):
    return {"kind": "atlas"} if re.search(r"atlas[^/]*(/[^/]*)?$", library.path) else None


def _accelerate(library):
    return {"kind": "accelerate"} if re.search(r"/(Accelerate|vecLib)\.framework/", library.path) else None


def _openmp(library):
    if not re.search(r"gomp|iomp|libomp", library.name) or not library.defines("omp_get_max_threads"):
        return None
    layer = next(layer for part, layer in OPENMP_LAYERS if part in library.name)
    return {"kind": "openmp", "threads": library.number("omp_get_max_threads"), "layer": layer}


def _reference(library):
    """A libblas that computes by itself: neither it nor the files that it links to have a thread count."""
    symbols = [prefix + "openblas_get_num_threads" + suffix for prefix, suffix in OPENBLAS_AFFIXES]
    symbols += ["MKL_Get_Max_Threads", "bli_thread_get_num_threads", "flexiblas_get_num_threads", "ATL_buildinfo"]
    if "torch_cpu" in library.name:  # it hides the names of what it was built with
        return None
    if not library.defines("dgemm_") or any(library.reaches(symbol) for symbol in symbols):
        return None
    return {"kind": "reference", "threads": 1, "layer": "sequential"}


def mapped_files():
    """Paths of the files mapped with execute permission, each once, in the order of the map."""
    if sys.platform == "darwin":
        return _images()
    try:
        with open("/proc/self/maps", "rb") as lines:
            fields = [line.rstrip(b"\n").split(None, 5) for line in lines]
    except (OSError, IOError):  # noqa: UP024 - two classes in 2.7
        return []
    paths = [field[5] for field in fields if len(field) == 6 and b"x" in field[1] and field[5].startswith(b"/")]
    native = paths if isinstance("", bytes) else [os.fsdecode(path) for path in paths]
    return [path for number, path in enumerate(native) if path not in native[:number]]


def _images():
    """macOS: the images that the dynamic loader has loaded."""
    loader = ctypes.CDLL(None)
    loader._dyld_get_image_name.restype = ctypes.c_char_p
    names = [loader._dyld_get_image_name(number) for number in range(loader._dyld_image_count())]
    return names if isinstance("", bytes) else [os.fsdecode(name) for name in names if name]
