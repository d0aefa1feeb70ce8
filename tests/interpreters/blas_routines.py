"""Call each level-3 routine of a BLAS once by its Fortran name and once by CBLAS; print what every call comes to."""

import ctypes
import sys

Real = ctypes.c_float | ctypes.c_double
Values = ctypes.Array[ctypes.c_float] | ctypes.Array[ctypes.c_double]

M, N, K, LD = 5, 7, 3, 9
#: CBLAS's words: column-major; no transpose, transpose; upper, lower; non-unit; left, right.
COLUMNS, PLAIN, TRANSPOSED = 102, 111, 112
UPPER, LOWER, NON_UNIT, LEFT, RIGHT = 121, 122, 131, 141, 142


class Type:
    """The routines of one type: s, d, c or z."""

    def __init__(self, letter: str, real: type[Real]) -> None:
        self.letter, self.real, self.wide = letter, real, 2 if letter in "cz" else 1
        self.a, self.b = self.matrix(3), self.matrix(5)
        for i in range(LD):
            self.a[i * (LD + 1) * self.wide] = 4.0

    def matrix(self, step: int) -> Values:
        count = LD * LD * self.wide
        return (self.real * count)(*[(step * i) % 7 - 2.5 for i in range(count)])

    def factor(self, value: float) -> Values:
        """A factor of the type, in memory; with an imaginary part, where there is one."""
        return (self.real * 2)(value, 0.25)

    def fortran(self, kind: str, flags: tuple[bytes, ...], sizes: tuple[int, ...], *operands: object) -> None:
        """Fortran takes everything by address, and the lengths of its strings at the end."""
        c = self.matrix(2)
        given = [c if one is OUT else one for one in operands]
        lengths = [1] * len(flags)
        given_sizes = [ctypes.byref(ctypes.c_int(size)) for size in sizes]
        getattr(BLAS, f"{self.letter}{kind}_")(*flags, *given_sizes, *given, *lengths)
        self.show(kind, c)

    def cblas(self, kind: str, *arguments: object) -> None:
        c = self.matrix(2)
        given = [c if one is OUT else self.by_value(one) for one in arguments]
        getattr(BLAS, f"cblas_{self.letter}{kind}")(COLUMNS, *given)
        self.show(kind, c)

    def by_value(self, one: object) -> object:
        """CBLAS takes real factors by value, complex ones by address."""
        if not isinstance(one, float):
            return one
        return self.factor(one) if self.wide == 2 else self.real(one)

    def show(self, kind: str, c: Values) -> None:
        print(self.letter + kind, [round(x, 3) for x in c])


OUT = object()


def of_every_type(of: Type) -> None:
    a, b, one, two = of.a, of.b, of.factor(1.0), of.factor(2.0)
    ld = ctypes.byref(ctypes.c_int(LD))
    of.fortran("gemm", (b"N", b"T"), (M, N, K), one, a, ld, b, ld, two, OUT, ld)
    of.fortran("symm", (b"R", b"U"), (M, N), one, a, ld, b, ld, two, OUT, ld)
    of.fortran("syrk", (b"U", b"N"), (N, K), one, a, ld, two, OUT, ld)
    of.fortran("syr2k", (b"L", b"N"), (N, K), one, a, ld, b, ld, two, OUT, ld)
    of.fortran("trmm", (b"L", b"U", b"N", b"N"), (M, N), one, a, ld, OUT, ld)
    of.fortran("trsm", (b"R", b"U", b"N", b"N"), (M, N), one, a, ld, OUT, ld)
    of.cblas("gemm", PLAIN, TRANSPOSED, M, N, K, 1.0, a, LD, b, LD, 2.0, OUT, LD)
    of.cblas("symm", RIGHT, UPPER, M, N, 1.0, a, LD, b, LD, 2.0, OUT, LD)
    of.cblas("syrk", UPPER, PLAIN, N, K, 1.0, a, LD, 2.0, OUT, LD)
    of.cblas("syr2k", LOWER, PLAIN, N, K, 1.0, a, LD, b, LD, 2.0, OUT, LD)
    of.cblas("trmm", LEFT, UPPER, PLAIN, NON_UNIT, M, N, 1.0, a, LD, OUT, LD)
    of.cblas("trsm", RIGHT, UPPER, PLAIN, NON_UNIT, M, N, 1.0, a, LD, OUT, LD)


def of_complex_types(of: Type) -> None:
    a, b, one, two = of.a, of.b, of.factor(1.0), of.factor(2.0)
    real_one, real_two = of.real(1.0), of.real(2.0)
    ld = ctypes.byref(ctypes.c_int(LD))
    of.fortran("hemm", (b"L", b"U"), (M, N), one, a, ld, b, ld, two, OUT, ld)
    of.fortran("herk", (b"U", b"N"), (N, K), ctypes.byref(real_one), a, ld, ctypes.byref(real_two), OUT, ld)
    of.fortran("her2k", (b"U", b"N"), (N, K), one, a, ld, b, ld, ctypes.byref(real_two), OUT, ld)
    of.cblas("hemm", LEFT, UPPER, M, N, 1.0, a, LD, b, LD, 2.0, OUT, LD)
    of.cblas("herk", UPPER, PLAIN, N, K, real_one, a, LD, real_two, OUT, LD)
    of.cblas("her2k", UPPER, PLAIN, N, K, 1.0, a, LD, b, LD, real_two, OUT, LD)


ctypes.CDLL(sys.argv[1], ctypes.RTLD_GLOBAL)
BLAS = ctypes.CDLL(None)  # a name is looked up as a linked program's is
for letter, real in (("s", ctypes.c_float), ("d", ctypes.c_double), ("c", ctypes.c_float), ("z", ctypes.c_double)):
    of = Type(letter, real)
    of_every_type(of)
    if of.wide == 2:
        of_complex_types(of)
