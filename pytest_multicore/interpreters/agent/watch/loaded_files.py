"""The files of libraries that this process has loaded since the last look, in microseconds.

Every extension module is a library, and to read the map of a large process takes a millisecond. So the loader is asked
how many it has loaded (dl_iterate_phdr(3)), and its list is followed from the library that was the last: link_map of
<link.h>, which dlinfo(3) gives. The list starts anew whenever a library was unloaded.

To ask takes the loader's lock, and here the interpreter's lock is held meanwhile: another thread may have the first, as
in a callback of its own, and wait for the second. So where there are other threads, nobody is asked, and all of the
list is followed.
"""

import ctypes
import sys

RTLD_DI_LINKMAP = 2  # <dlfcn.h>


class _LoadedLibrary(ctypes.Structure):
    """The start of struct dl_phdr_info of <link.h>."""

    _fields_ = [
        ("address", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
        ("headers", ctypes.c_void_p),
        ("header_count", ctypes.c_uint16),
        ("loads", ctypes.c_ulonglong),
        ("unloads", ctypes.c_ulonglong),
    ]


class _LinkMap(ctypes.Structure):
    """The start of struct link_map of <link.h>."""

    _fields_ = [
        ("address", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
        ("dynamic", ctypes.c_void_p),
        ("following", ctypes.c_void_p),
    ]


class LoadedFiles(object):
    """Looks at the loader's list. To be used by one thread."""

    def __init__(self):
        self._counts, self._seen, self._last = (0, 0), (0, 0), None
        self._names = set()  # of the last list that was followed beside other threads
        try:
            # PyDLL holds the interpreter's lock: the loader's lock is held, and a thread that imports takes the two in
            # the other order.
            everything = ctypes.PyDLL(None)
            iterate, dlinfo = everything.dl_iterate_phdr, everything.dlinfo
        except (OSError, AttributeError):
            self._head = None
            return
        kind = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.POINTER(_LoadedLibrary), ctypes.c_size_t, ctypes.c_void_p)
        callback = kind(self._note_counts)
        self._ask = lambda: iterate(callback, None)
        head = ctypes.c_void_p()
        found = dlinfo(ctypes.c_void_p(everything._handle), RTLD_DI_LINKMAP, ctypes.byref(head)) == 0
        self._head = head.value if found else None

    def new(self):
        """Their paths, bytes, at first those of all; none where the loader does not say."""
        if self._head is None:
            return ()
        if len(sys._current_frames()) > 1:
            return self._new_unasked()
        self._ask()
        loads, unloads = self._counts
        if (loads, unloads) == self._seen:
            return ()
        if unloads != self._seen[1]:
            self._last = None  # it may have been unloaded itself
        self._seen = loads, unloads
        return list(self._following())

    def _new_unasked(self):
        self._last, self._seen = None, (0, 0)  # what is unloaded meanwhile is not counted
        names, known = list(self._following()), self._names
        self._last, self._names = None, set(names)
        return [name for name in names if name not in known]

    def _note_counts(self, loaded, size, _):
        if size >= ctypes.sizeof(_LoadedLibrary):
            library = loaded.contents
            self._counts = library.loads, library.unloads
        return 1

    def _following(self):
        place = self._head if self._last is None else _LinkMap.from_address(self._last).following
        while place:
            library = _LinkMap.from_address(place)
            yield library.name or b""
            self._last, place = place, library.following
