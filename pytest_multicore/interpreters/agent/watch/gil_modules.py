"""Extension modules, by what their binaries say of the interpreter's lock.

A free-threaded Python switches the lock on when it loads an extension module that does not declare Py_MOD_GIL_NOT_USED
in its slot Py_mod_gil (PEP 703; Include/moduleobject.h, since 3.13). The slots are read from the module's definition
in memory. Modules without slots may declare it by a call: that cannot be told.

Only a free-threaded build's modules are looked at. What a module declares in a build with the lock says nothing of its
other build: Cython leaves the declaration out there (numpy.random of NumPy 2 for CPython 3.13 lacks it, and has it in
the free-threaded wheel).
"""

import ctypes
import os
import sys

PY_MOD_GIL, NO_GIL = 4, 1
EXTENSIONS = (".so", ".pyd")
POINTER = ctypes.sizeof(ctypes.c_void_p)
#: m_name and m_slots of PyModuleDef, in pointers after PyObject_HEAD: m_init, m_index, m_copy, m_name, m_doc, m_size,
#: m_methods, m_slots.
NAME_AT, SLOTS_AT = 3, 7
MAX_SLOTS = 64


class _Slot(ctypes.Structure):
    """PyModuleDef_Slot."""

    _fields_ = [("slot", ctypes.c_int), ("value", ctypes.c_void_p)]


def switching_on(text):
    """Names of the loaded extension modules whose slots lack the declaration, in the order of their loading.

    None where nothing can be told: in any build that is not free-threaded.
    """
    if "t" not in getattr(sys, "abiflags", "") or not hasattr(sys, "_is_gil_enabled"):
        return None
    standard = os.path.dirname(os.path.realpath(os.__file__))
    named = []
    for name, module in list(dict(sys.modules).items()):
        file = getattr(module, "__file__", None)
        if not isinstance(file, str) or not file.endswith(EXTENSIONS):
            continue
        if os.path.dirname(os.path.realpath(file)) == os.path.join(standard, "lib-dynload"):
            continue
        if declares(module) is False:
            named.append(text(name))
    return named


def declares(module):
    """Whether a module's slots say that it does not need the lock; None where its binary does not tell."""
    get_definition = ctypes.pythonapi.PyModule_GetDef
    get_definition.argtypes, get_definition.restype = [ctypes.py_object], ctypes.c_void_p
    try:
        definition = get_definition(module)
    except SystemError:  # no module object
        return None
    if not definition:
        return None
    fields = definition + object.__basicsize__
    # The layout is that of the versions that are known: the name shows whether it is here, too.
    name = ctypes.c_char_p.from_address(fields + NAME_AT * POINTER).value
    if name is None or name.decode("utf-8", "replace").rpartition(".")[2] != module.__name__.rpartition(".")[2]:
        return None
    place = ctypes.c_void_p.from_address(fields + SLOTS_AT * POINTER).value
    if not place:
        return None
    for number in range(MAX_SLOTS):
        slot = _Slot.from_address(place + number * ctypes.sizeof(_Slot))
        if slot.slot == PY_MOD_GIL:
            return slot.value == NO_GIL
        if slot.slot == 0:
            return False
    return None
