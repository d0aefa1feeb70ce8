"""For --multicore-doctor: load the numeric libraries of this environment, without a program that uses them.

Light packages are imported, since only they know which BLAS they link. The OpenMP and BLAS files that other packages
bring are opened instead: torch takes seconds to import, its libgomp a millisecond to open.
"""

import glob
import os
import re
import sys
import time

#: What is imported where it is installed, in 0.1 s. Others take longer, and bring their BLAS or link the same one.
IMPORTED_PACKAGES = ("numpy",)
#: Where wheels keep their shared libraries, below a folder of sys.path.
PLACES = ("*.libs", "*/.libs", "*/lib", "*/lib/*", "*/.dylibs")
#: What PyPI's package mkl brings, below the interpreter's prefix; its other files are opened by this one.
MKL_PLACE = os.path.join("lib", "libmkl_rt.*")
#: What is opened there.
LIBRARY_FILE = re.compile(
    r"^(lib)?(gomp|iomp5?|omp|openblas|scipy_openblas|blis|mkl_rt)[^/]*\.(so|dylib)", re.IGNORECASE
)

clock = getattr(time, "perf_counter", time.time)  # 2.7 has no other


def prepare(imported=IMPORTED_PACKAGES, prefix=sys.prefix):
    """Load them; {"imported": {package: version}, "seconds": of the imports, "failed": {package or file: text}}."""
    failed = {}
    start_s = clock()
    versions = {}
    for name in imported:
        top = name.partition(".")[0]
        try:
            __import__(name)
        except Exception as error:  # a package that is broken is what one asks the doctor for
            if not _is_absent(error, top):
                failed[name] = "%s: %s" % (type(error).__name__, error)
        else:
            versions[top] = str(getattr(sys.modules[top], "__version__", "?"))
    seconds = clock() - start_s
    for path in bundled_libraries(sys.path) + sorted(glob.glob(os.path.join(prefix, MKL_PLACE))):
        _open(path, failed)
    return {"imported": versions, "seconds": seconds, "failed": failed}


def bundled_libraries(folders):
    """The OpenMP and BLAS files that packages in these folders bring, each once."""
    patterns = [os.path.join(re.sub(r"([*?[])", r"[\1]", folder), place, "*") for folder in folders for place in PLACES]
    found = [path for pattern in patterns for path in sorted(glob.glob(pattern))]
    matching = [path for path in found if LIBRARY_FILE.match(os.path.basename(path))]
    return [path for number, path in enumerate(matching) if path not in matching[:number]]


def _is_absent(error, top):
    """Whether an import failed since the package itself is not there: 2.7 says so in words only."""
    return isinstance(error, ImportError) and (
        getattr(error, "name", None) == top or str(error) == "No module named " + top
    )


def _open(path, failed):
    import ctypes

    try:
        ctypes.CDLL(path)
    except OSError as error:
        failed[path] = str(error)
