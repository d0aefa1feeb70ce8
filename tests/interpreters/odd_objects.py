# What users' modules do with objects whose methods raise, for the agent's tests: by path, and on Python 2.7 too.
import sys


def refuse(*_):
    raise RuntimeError("no words")


def leave(*_):
    sys.exit(3)


def interrupt(*_):
    raise KeyboardInterrupt


def odd(base, **methods):
    """A class by the name Odd, with these methods."""
    return type("Odd", (base,), methods)


def odd_class(base):
    """A class by the name Odd that raises where it is asked for any attribute."""
    return type("Meta", (type,), {"__getattribute__": refuse})("Odd", (base,), {})


TEXT = type(b"".decode("ascii"))  # unicode in 2.7


def raise_what_exits_with_no_repr():
    sys.exit(odd(object, __repr__=refuse)())


def raise_what_exits_with_a_repr_that_exits():
    sys.exit(odd(object, __repr__=leave)())


def raise_what_exits_with_no_code():
    raise odd(SystemExit, code=property(refuse))()


def raise_what_cannot_be_encoded():
    raise odd(Exception, __str__=lambda _: odd(TEXT, encode=refuse)("sour"))()


def raise_what_interrupts():
    raise odd(Exception, __str__=interrupt, __repr__=interrupt)()


def raise_what_has_an_odd_class():
    raise odd_class(Exception)("sour")


def return_what_has_an_odd_class():
    return odd_class(object)()


def refuse_unprintably(*_):
    raise odd(Exception, __str__=refuse, __repr__=refuse)()


def odd_values(method):
    """Values whose encoding calls the method: json asks a dict for its items on 3, an integer for its text on 2.7."""
    return [odd(dict, items=method)(a=1), odd(int, __str__=method)(1)]


def return_what_raises_the_unprintable():
    return odd_values(refuse_unprintably)


def return_what_exits():
    return odd_values(leave)


def return_what_cannot_be_closed():
    return odd(object, __await__=refuse, cr_frame=None, close=leave)()


def raise_a_long_text():
    raise ValueError("x" * 30000000)
