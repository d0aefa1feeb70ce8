"""Keeps the sizes of thread pools as they are: what would change them at run time does nothing.

That is the libraries' own functions where Python calls them through ctypes (as threadpoolctl's controllers do, and what
is built on them), and the setters of torch, MKL's module, NumExpr and Numba once they are loaded. What compiled code
calls by itself is not stopped.
"""

import ctypes
import re
import sys

SETTERS = re.compile(
    r"((scipy_)?(openblas|goto)_set_num_threads(_local)?(64_|_64)?|mkl_(domain_)?set_num_threads(_local)?_?"
    r"|bli_thread_set_(num_threads|ways)|omp_set_num_threads_?|flexiblas_set_num_threads)$",
    re.IGNORECASE,
)
#: Once the first is loaded: modules that give the setters, and their names.
MODULES = {
    "torch": (("torch", "torch._C"), ("set_num_threads",)),
    "mkl": (
        ("mkl", "mkl._mkl_service", "mkl._py_mkl_service"),
        ("set_num_threads", "set_num_threads_local", "domain_set_num_threads"),
    ),
    "numexpr": (("numexpr", "numexpr.utils"), ("set_num_threads", "set_vml_num_threads")),
    "numba": (("numba", "numba.np.ufunc.parallel"), ("set_num_threads",)),
}


class Quiet(object):
    """In place of a C function: it can be given its types, and does nothing."""

    argtypes = restype = errcheck = None

    def __init__(self, note):
        self._note = note

    def __call__(self, *_):
        """Leave all as it is; what was there before is told by none."""
        self._note()
        return 0


def keep(imports, note):
    """Do it, from now on.

    Args:
        imports: the module imports.py.
        note: called whenever somebody would have changed a size.
    """
    plain_item = ctypes.CDLL.__getitem__

    def item(library, name):
        found = plain_item(library, name)  # fails as ever where there is none
        return Quiet(note) if isinstance(name, str) and SETTERS.match(name) else found

    ctypes.CDLL.__getitem__ = item

    def nothing(*_, **__):
        note()

    def silenced(module):
        places, setters = MODULES[module.__name__]
        for place in places:
            for setter in setters:
                if hasattr(sys.modules.get(place), setter):
                    setattr(sys.modules[place], setter, nothing)

    imports.patch(dict((name, silenced) for name in MODULES))
