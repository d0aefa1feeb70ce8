"""Keep the sizes of thread pools: functions that would change them at run time do nothing.

These are the libraries' own functions where Python calls them through ctypes, as threadpoolctl does, and the setters of
torch, MKL's module, NumExpr and Numba once they are loaded. Calls by compiled code are not stopped.
"""

import ctypes
import re
import sys

SETTERS = re.compile(
    r"((scipy_)?(openblas|goto)_set_num_threads(_local)?(64_|_64)?|mkl_(domain_)?set_num_threads(_local)?_?"
    r"|bli_thread_set_(num_threads|ways)|omp_set_num_threads_?|flexiblas_set_num_threads)$",
    re.IGNORECASE,
)
#: By module: the modules that have its setters once it is loaded, and the setters' names.
MODULES = {
    "torch": (("torch", "torch._C"), ("set_num_threads",)),
    "mkl": (
        ("mkl", "mkl._mkl_service", "mkl._py_mkl_service"),
        ("set_num_threads", "set_num_threads_local", "domain_set_num_threads"),
    ),
    "numexpr": (("numexpr", "numexpr.utils"), ("set_num_threads", "set_vml_num_threads")),
    "numba": (("numba", "numba.np.ufunc.parallel"), ("set_num_threads",)),
}


class IgnoredSetter(object):
    """Replaces a C function: its types can be set, and a call does nothing."""

    argtypes = restype = errcheck = None

    def __init__(self, on_use):
        self._on_use = on_use

    def __call__(self, *_):
        """Change nothing; returns 0 in place of the previous size."""
        self._on_use()
        return 0


def keep(imports, on_use):
    """Keep all sizes from now on.

    Args:
        imports: the module watch/imports.py.
        on_use: called whenever a size would have been changed.
    """
    plain_item = ctypes.CDLL.__getitem__

    def item(library, name):
        function = plain_item(library, name)  # fails as usual where there is none
        return IgnoredSetter(on_use) if isinstance(name, str) and SETTERS.match(name) else function

    ctypes.CDLL.__getitem__ = item

    def ignore(*_, **__):
        on_use()

    def silence(module):
        places, setters = MODULES[module.__name__]
        for place in places:
            for setter in setters:
                if hasattr(sys.modules.get(place), setter):
                    setattr(sys.modules[place], setter, ignore)

    imports.patch(dict((name, silence) for name in MODULES))
