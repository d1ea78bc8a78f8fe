"""The HS as a tree: chapter, heading, subheading."""

from dataclasses import dataclass
from functools import cache

from service.core.codes.harmonized import (
    HEADING_DIGITS,
    HS_DIGITS,
    NATIONAL_CHAPTERS,
    describe_product,
    descriptions,
)

EDITION = "HS 2022"
_LEVELS = {2: "chapter", HEADING_DIGITS: "heading", HS_DIGITS: "subheading"}


@dataclass(frozen=True, slots=True)
class Product:
    """A code with its description; `level` is `national` past the six digits that all share.

    The description of a national code is that of the HS code above it: no national list is held.
    """

    code: str
    level: str
    description: str


def product_of(digits: str) -> Product:
    """As HS 2022 describes it, or the nearest above it. Raises `UnknownProduct`."""
    is_national = digits[:2] in NATIONAL_CHAPTERS
    level = "national" if is_national else _LEVELS.get(len(digits), "national")
    return Product(digits, level, describe_product(digits))


def parents_of(digits: str) -> tuple[Product, ...]:
    """The chapter first; empty for a chapter, and outside the HS."""
    above = (digits[:width] for width in _LEVELS if width < len(digits))
    return tuple(product_of(code) for code in above if code in descriptions())


def children_of(digits: str) -> tuple[Product, ...]:
    """One level below, in the order of the nomenclature; none below a subheading."""
    return tuple(product_of(code) for code in _below().get(digits, ()))


@cache
def _below() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for code in descriptions():
        found.setdefault(code[:-2], []).append(code)
    return found
