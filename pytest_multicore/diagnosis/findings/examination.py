"""What an examination of an environment shows: data for the findings and for the doctor's record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .finding import EnvironmentFacts


@dataclass(frozen=True, slots=True)
class Product:
    """What a product of matrices showed.

    Attributes:
        text: what computed it, or why there is none.
        cores: that it kept busy at most; None where there is none.
        threads: that worked on it at once, at most; None where the system shows no threads.
    """

    text: str
    cores: float | None = None
    threads: int | None = None


@dataclass(frozen=True, slots=True)
class Examination:
    """An environment as its interpreter shows it.

    Attributes:
        facts: for the findings.
        python: the interpreter's version.
        frameworks: the packages that were imported, with their versions.
        product: what a product of matrices showed.
    """

    facts: EnvironmentFacts
    python: str
    frameworks: Mapping[str, str | None]
    product: Product
