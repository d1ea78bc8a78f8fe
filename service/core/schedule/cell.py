"""One rate as the schedule prints it: "2.5%", "Free", "1¢/kg", "$1.035/kg + 17%".

What is not understood whole is kept as text, and so counts as unknown: never zero, and never the
half of it that was understood.
"""

import re
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from service.core.duty import Basis, Component, Duty

PLACES = Decimal("1e-10")
"""The digits that an amount may have; a third of a percent is cut there."""

_UNITS = {
    "doz.": "dozen",
    "pr.": "pair",
    "bbl": "barrel",
    "pf. liter": "proof liter",
    "pf.liter": "proof liter",
    "lin. m": "m",
    "1,000": "1000",
    "thousand": "1000",
    "1,000 pins": "1000 pins",
    "line/ gross": "line gross",
}
_PLAIN_UNITS = (
    *("kg", "clean kg", "g", "t", "liter", "m", "m2", "m3", "head", "gross", "jewel", "pack"),
    *("article", "1000"),
)
_NUMBER = r"\d[\d,]*(?:\.\d+)?|\.\d+"
_PERCENT = re.compile(
    rf"(?P<whole>{_NUMBER})(?: (?P<over>\d+)/(?P<under>[1-9]\d*))? ?%"
    r"(?: on (?:the ?)?(?:value of the )?(?P<base>[a-z][a-z, ]*[a-z]))?"
)
_MONEY = re.compile(
    rf"(?:\$(?P<dollars>{_NUMBER})|(?P<cents>{_NUMBER}) ?¢) ?"
    r"(?:/ ?(?P<unit>[a-z0-9,./ ]+?(?: over \d+)?)|(?P<each>each))"
    r"(?:,? ?(?:on|of|including) ?(?:the )?(?P<base>[a-z][a-z ]*[a-z]))?"
)
_EITHER = re.compile(
    r"(?P<one>.+?) or (?P<two>.+?),? ?whichever is (?:the )?(?P<word>higher|greater|lower|less)"
)
_TAG = re.compile(r"<[^>]*>")
_HYPHEN = re.compile(r"(?<=[a-z])- (?=[a-z])")  # a word broken at the end of a printed line
_FOOTNOTE = re.compile(r" *\d*/$")  # "25% 1/": a mark, no part of the rate


@lru_cache(maxsize=16384)
def read_cell(text: str, basis: Basis = Basis.ADDITIONAL) -> Duty:
    """The duty that a cell states; with `text` alone where it could not be read."""
    plain = tidy(text)
    if plain == "free":
        return Duty(components=(_percent(Decimal(0)),), basis=basis)
    if found := _EITHER.fullmatch(plain):
        combine: Literal["max", "min"] = "max" if found["word"] in {"higher", "greater"} else "min"
        return _whole([found["one"], found["two"]], combine, text, basis)
    return _whole(re.split(r" ?\+ ?", plain), "sum", text, basis)


def tidy(text: str) -> str:
    """Without what the printer left in it: tags, broken words, footnote marks, odd spaces."""
    plain = " ".join(_TAG.sub("", text).split()).casefold()
    return _FOOTNOTE.sub("", _HYPHEN.sub("", plain))


def is_read(duty: Duty) -> bool:
    """Whether all of the cell was understood."""
    return bool(duty.components)


def _whole(
    parts: list[str], combine: Literal["sum", "max", "min"], text: str, basis: Basis
) -> Duty:
    components = [_read_part(part) for part in parts]
    read = tuple(one for one in components if one is not None)
    if len(read) < len(components):
        return Duty(basis=basis, text=" ".join(text.split()))
    return Duty(components=read, combine=combine, basis=basis)


def _read_part(part: str) -> Component | None:
    if found := _PERCENT.fullmatch(part):
        amount = _number(found["whole"])
        if found["over"]:
            amount += (Decimal(found["over"]) / Decimal(found["under"])).quantize(PLACES)
        return _percent(amount, found["base"])
    if found := _MONEY.fullmatch(part):
        return _read_money(found)
    return None


def _read_money(found: re.Match[str]) -> Component | None:
    unit = "article" if found["each"] else _unit(found["unit"])
    if unit is None:
        return None
    dollars = found["dollars"]
    amount = _number(dollars) if dollars else _number(found["cents"]) / 100
    return Component(
        kind="specific", amount=amount, currency="USD", per=unit, value_basis=_basis(found["base"])
    )


def _unit(given: str) -> str | None:
    bare, over, count = given.partition(" over ")
    unit = _UNITS.get(bare, bare if bare in _PLAIN_UNITS else None)
    return f"{unit}{over}{count}" if unit else None


def _percent(amount: Decimal, base: str | None = None) -> Component:
    return Component(kind="ad_valorem", amount=amount, value_basis=_basis(base))


def _basis(base: str | None) -> str | None:
    return re.sub(r"[ ,]+", "_", base.removesuffix(", if any")) if base else None


def _number(digits: str) -> Decimal:
    return Decimal(digits.replace(",", ""))
