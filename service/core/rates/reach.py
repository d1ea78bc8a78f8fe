"""By what an index finds the measures that may bear on goods; it only narrows, `sight` decides."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from service.core.event import Measure, Product
from service.core.event.fields import LONGEST_COMMON
from service.core.rates.question import Question

ANY = ""
MOST = 3_000
"""Rows of one event: past that its codes are said more shortly, in the end not at all."""
_WIDTHS = (LONGEST_COMMON, 4, 2)


class Reach(NamedTuple):
    """A measure may concern goods of `origin` under `code` (six digits at most) entering there.

    An empty origin or code is any.
    """

    importer: str
    code: str
    origin: str


def reaches_of(data: Measure) -> set[Reach]:
    """All that an event says its measure is on, and rather more than less."""
    named = data.origin.kind in {"country", "group"}
    origins = data.origin.members if named else (ANY,)
    codes = _codes_of(data.product, MOST // len(origins))
    return {Reach(data.importer, code, origin) for code in codes for origin in origins}


def _codes_of(product: Product, most: int) -> Iterable[str]:
    if product.scope != "codes":
        return (ANY,)
    for width in _WIDTHS:
        found = {code[:width] for code in product.include}
        if len(found) <= most:
            return found
    return (ANY,)


@dataclass(frozen=True, slots=True)
class Net:
    """What an index must look for: rows that agree in all three.

    `codes` are exact; a short code is asked for with all that lies below it, too: past `below`
    and before `until`, both empty where nothing can.
    """

    importers: tuple[str, ...]
    origins: tuple[str, ...]
    codes: tuple[str, ...]
    below: str
    until: str


def net_of(question: Question) -> Net:
    """Cast so that no measure is lost."""
    code = question.code[:LONGEST_COMMON]
    above = tuple(code[:width] for width in range(2, len(code) + 1, 2))
    is_short = len(code) < LONGEST_COMMON
    return Net(
        tuple(sorted(question.importers)),
        (ANY, *sorted(question.origins)),
        (ANY, *above),
        code if is_short else "",
        code + ":" if is_short else "",  # the sign after 9
    )
