"""The column of preferences: rates, each followed by the symbols of those who may claim it."""

import re
from typing import NamedTuple

_BRACKETS = re.compile(r"\(([^()]*)\)")
_SYMBOL = re.compile(r"[A-Z]{1,2}[+*]?")


class Group(NamedTuple):
    """A rate as printed, and the symbols behind it; without any, nobody is said to have it."""

    rate: str
    symbols: tuple[str, ...]


def split_special(cell: str) -> list[Group]:
    """`Free (A+,AU) 10¢/kg (KR)` is two groups; brackets that hold no symbols are of the rate."""
    groups: list[Group] = []
    begun = 0
    for found in _BRACKETS.finditer(cell):
        symbols = _symbols(found[1])
        if symbols:
            groups.append(Group(cell[begun : found.start()].strip(), symbols))
            begun = found.end()
    rest = cell[begun:].strip()
    return [*groups, Group(rest, ())] if rest else groups


def _symbols(inside: str) -> tuple[str, ...]:
    """Commas are sometimes lost or doubled upstream: "E IL", "MA,.OM"."""
    found = [one for one in re.split(r"[,.\s]+", inside) if one]
    return tuple(found) if all(_SYMBOL.fullmatch(one) for one in found) else ()
