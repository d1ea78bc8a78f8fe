"""The Harmonized System, edition 2022: its codes, their descriptions, and the nearest of them."""

import re
from functools import cache

from service.core.codes.tables import read_rows
from service.core.codes.unknown import Suggestions, UnknownProduct

HEADING_DIGITS = 4
HS_DIGITS = 6  # what all countries share; longer codes are national
NATIONAL_CHAPTERS = frozenset({"98", "99"})  # the HS leaves them to each country

_LEVELS = {2: "chapter", HEADING_DIGITS: "heading", HS_DIGITS: "subheading"}
_SUGGESTED = 4  # beside the parent
_WORDS = 8  # of a text without digits that are searched for
_LONGEST = 200
_AFTER_DIGITS = re.compile(r"(?<=[0-9])\s*[^0-9\s.\-].*", re.DOTALL)  # "x" of "8703.2x"


@cache
def descriptions() -> dict[str, str]:
    """HS 2022 in the order of its codes: chapters, headings and subheadings."""
    return {row[0]: row[1] for row in read_rows("hs2022.tsv.gz")}


def find_gap(digits: str) -> str | None:
    """Say where HS 2022 knows the code no more: "heading 8799"; `None` if it knows all of it.

    Of a national code only chapter and heading are asked: its list may be of another edition.
    """
    depth = len(digits) if len(digits) <= HS_DIGITS else HEADING_DIGITS
    for width, level in _LEVELS.items():
        if width <= depth and digits[:width] not in descriptions():
            return f"{level} {format_product(digits[:width])}"
    return None


def describe_product(digits: str) -> str:
    """Describe the code, or the nearest above it, as HS 2022 does. Raises `UnknownProduct`."""
    for width in reversed(_LEVELS):
        if description := descriptions().get(digits[:width]):
            return description
    if digits[:2] in NATIONAL_CHAPTERS:
        return "National provisions outside the Harmonized System"
    raise UnknownProduct(digits, suggest_products)


def format_product(digits: str) -> str:
    """Dots as tariffs print them: 8703.23.01."""
    pairs = [digits[at : at + 2] for at in range(4, len(digits), 2)]
    return ".".join([digits[:4], *pairs])


def suggest_products(text: str) -> Suggestions:
    """Offer the HS codes nearest to what was given, formatted, with their descriptions.

    By its digits if there are any: a spreadsheet's lost zero, codes that begin alike, the code
    above them. Else by its words.
    """
    text = text[:_LONGEST]
    digits = "".join(re.findall(r"[0-9]", _AFTER_DIGITS.sub("", text)))
    codes = _codes_near(digits) if digits else _codes_about(text)
    return tuple((format_product(code), descriptions()[code]) for code in codes)


def _codes_near(digits: str) -> list[str]:
    if digits[:2] in NATIONAL_CHAPTERS:
        return []
    width = _width_of_slip(digits)
    lost_zero = [f"0{digits}"] if f"0{digits}" in descriptions() else []
    alike = sorted(_codes_alike(digits, width), key=lambda code: _distance(code, digits))
    above = [
        digits[:up] for up in reversed(_LEVELS) if up < width and digits[:up] in descriptions()
    ]
    return [*lost_zero, *alike[:_SUGGESTED], *above[:1]]


def _width_of_slip(digits: str) -> int:
    """Width of the first level, chapter to subheading, at which the code ends or is unknown."""
    return next(
        (at for at in _LEVELS if len(digits) <= at or digits[:at] not in descriptions()), HS_DIGITS
    )


def _codes_alike(digits: str, width: int) -> list[str]:
    """Filter the codes of that width that share most of their beginning with the digits."""
    codes = [code for code in descriptions() if len(code) == width]
    return next(
        alike
        for shared in range(width, -1, -1)
        if (alike := [code for code in codes if code.startswith(digits[:shared])])
    )


def _distance(code: str, digits: str) -> tuple[bool, int]:
    """Digits in another order are the likelier slip; then the nearest number."""
    given = digits[: len(code)]
    return sorted(given) != sorted(code), abs(int(code) - int(given.ljust(len(code), "0")))


def _codes_about(text: str) -> list[str]:
    words = re.findall(r"[a-z]{3,}", text.casefold())[:_WORDS]
    if not words:
        return []
    pattern = re.compile(rf"\b(?:{'|'.join(words)})")
    hits = {
        code: len(set(pattern.findall(description.casefold())))
        for code, description in descriptions().items()
    }
    found = [code for code, count in hits.items() if count]
    return sorted(found, key=lambda code: (-hits[code], len(code), code))[: _SUGGESTED + 1]
