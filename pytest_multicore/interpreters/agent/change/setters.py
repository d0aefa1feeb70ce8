"""The functions that set the size of a thread pool at run time: each call of them goes through a function of ours.

These are the libraries' own functions where Python calls them through ctypes, as threadpoolctl does, and the setters of
the modules in MODULES once they are loaded. Calls by compiled code are not seen.
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
    "cv2": (("cv2",), ("setNumThreads",)),
    "pyarrow": (("pyarrow", "pyarrow.lib"), ("set_cpu_count",)),
    "faiss": (("faiss",), ("omp_set_num_threads",)),
}


class InterceptedFunction(object):
    """Takes the place of a C function: its types are those of the function, and a call is handled by us."""

    def __init__(self, name, function, handle):
        object.__setattr__(self, "_taken", (name, function, handle))

    def __call__(self, *arguments):
        """What the handler returns."""
        name, function, handle = self._taken
        return handle(name, lambda: function(*arguments), arguments)

    def __getattr__(self, name):
        return getattr(self._taken[1], name)

    def __setattr__(self, name, value):
        setattr(self._taken[1], name, value)


def intercept(imports, handle):
    """Have all calls of setters handled from now on.

    Args:
        imports: the module watch/imports.py.
        handle: called with a setter's name, a function that makes the call, and the values of its arguments.
    """
    plain_item = ctypes.CDLL.__getitem__

    def item(library, name):
        function = plain_item(library, name)  # fails as usual where there is none
        is_setter = isinstance(name, str) and SETTERS.match(name)
        return InterceptedFunction(name, function, handle) if is_setter else function

    ctypes.CDLL.__getitem__ = item

    def handled(name, function):
        def setter(*arguments, **named):
            return handle(name, lambda: function(*arguments, **named), arguments + tuple(named.values()))

        setter.handles = name
        return setter

    def replace(module):
        places, setters = MODULES[module.__name__]
        for setter in setters:
            for place in places:
                function = getattr(sys.modules.get(place), setter, None)
                # OpenCV loads a module of its own name while it is loaded, and takes its functions.
                if function is not None and not hasattr(function, "handles"):
                    setattr(sys.modules[place], setter, handled("%s.%s" % (module.__name__, setter), function))

    imports.patch(dict((name, replace) for name in MODULES))
