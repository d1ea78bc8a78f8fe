"""Product codes as people write them: `8703`, `8703.23.01`, `8703 23`, `HTS 8703.23.01`."""

import re
import unicodedata
from dataclasses import dataclass

from service.core.codes.harmonized import (
    HEADING_DIGITS,
    HS_DIGITS,
    NATIONAL_CHAPTERS,
    descriptions,
    find_gap,
    format_product,
    suggest_products,
)
from service.core.codes.nomenclatures import (
    HS,
    find_nomenclature,
    known_nomenclature,
    list_nomenclatures,
)
from service.core.codes.unknown import UnknownProduct

_LONGEST = 60  # characters; no code with its nomenclature and its dots needs more
_TOO_LONG = f"A product code is written in fewer than {_LONGEST} characters."
_WIDTHS = (2, 4, 6, 8, 10)
_PREFIXED = re.compile(r"\s*([A-Za-z][A-Za-z-]*)[\s:]*([0-9].*)")
_SEPARATORS = re.compile(r"[\s.\-\u2010-\u2015\u00b7/]+")
_DIGITS = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class ProductCode:
    """Digits without dots. `nomenclature` is `None` for what all countries share."""

    digits: str
    nomenclature: str | None = None

    def __str__(self) -> str:
        """As `find_product` reads it back: "HTS 8703.23.01"."""
        return f"{self.nomenclature or ''} {format_product(self.digits)}".lstrip()


def find_product(text: str, nomenclature: str | None = None) -> ProductCode:
    """Understand a product code as a person writes it.

    2, 4 and 6 digits must exist in HS 2022. 8 and 10 need a nomenclature, and only their heading
    must exist: their list may be of another edition. Zeros that fill up a heading or a chapter
    (TARIC's 8703000000) are dropped. Raises `UnknownProduct` or `UnknownNomenclature`.
    """
    if len(text) > _LONGEST:
        raise UnknownProduct(text, suggest_products, _TOO_LONG)
    named, body = _read(text)
    system = _settle(text, named, nomenclature)
    digits = _unpad(_SEPARATORS.sub("", body))
    if flaw := _flaw_of_shape(digits) or _flaw_of_place(digits, system):
        raise UnknownProduct(text, lambda _: suggest_products(body), flaw)
    national = len(digits) > HS_DIGITS or digits[:2] in NATIONAL_CHAPTERS
    return ProductCode(digits, system if national else None)


def find_missing(digits: str) -> str | None:
    """Say where HS 2022 knows a code that all countries share no more; `None` if it knows it.

    Zeros may fill up a heading or a chapter. Of national codes nothing is said: of what edition
    their list is their nomenclature does not say, and older schedules are loaded, too.
    """
    if len(digits) > HS_DIGITS or digits[:2] in NATIONAL_CHAPTERS:
        return None
    return find_gap(_unpad(digits))


def _read(text: str) -> tuple[str | None, str]:
    """Split off the nomenclature that the text begins with, if any."""
    plain = unicodedata.normalize("NFKC", text)
    if (parts := _PREFIXED.fullmatch(plain)) and (named := known_nomenclature(parts[1])):
        return named, parts[2]
    return None, plain


def _settle(text: str, named: str | None, asked: str | None) -> str | None:
    """Decide which nomenclature is meant; `None` if none is named, or only the HS."""
    names = {named, find_nomenclature(asked) if asked else None} - {None, HS}
    if len(names) > 1:
        raise UnknownProduct(text, reason=f"This names {named}, the nomenclature given is {asked}.")
    return next(iter(names), None)


def _unpad(digits: str) -> str:
    """Read a subheading 00 that the HS lacks as what it stands for: all of heading or chapter."""
    if len(digits) in _WIDTHS and digits[:HS_DIGITS] not in descriptions():
        for width in (2, HEADING_DIGITS):
            if len(digits) > width and not digits[width:].strip("0"):
                return digits[:width]
    return digits


def _flaw_of_shape(digits: str) -> str | None:
    if not _DIGITS.fullmatch(digits):
        return "A product code is written in digits, with dots, spaces or dashes between them."
    if len(digits) not in _WIDTHS:
        return f"A product code has 2, 4, 6, 8 or 10 digits, this one {len(digits)}."
    return None


def _flaw_of_place(digits: str, system: str | None) -> str | None:
    national = digits[:2] in NATIONAL_CHAPTERS
    gap = None if national else find_gap(digits)
    if gap:
        return f"HS 2022 has no {gap}."
    if system is None and (national or len(digits) > HS_DIGITS):
        kind = "Chapters 98 and 99 belong" if national else f"{len(digits)} digits belong"
        known = list_nomenclatures()
        return f"{kind} to a nomenclature: name it ({known}, or JP-TARIFF for Japan's list)."
    return None
