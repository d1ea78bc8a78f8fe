"""What stands on each line of eight digits, where rates are law.

Statistical suffixes (the ninth and tenth digit) have no rates of their own: a line whose only row
has ten digits is printed with its suffix, and its rate is that of the eight. So every measure has
eight digits, and who asks about ten is answered by prefix.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from service.core.schedule.rows import Row

RATE_LINE = 8
"""Digits of a line on which rates stand."""

LEFT_OUT = {
    "98": "rows of chapter 98, claimed for what happened to the goods",
    "99": "rows of chapter 99, whose rates hang on conditions and may be suspended",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line and its three cells, as printed."""

    digits: str
    general: str
    special: str
    other: str


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of an export by their digits; `left_out`: why rows with rates are not here."""

    by_digits: Mapping[str, Line]
    left_out: Mapping[str, int]


def find_lines(rows: Iterable[Row]) -> Lines:
    """Every line that has a rate, without chapters 98 and 99."""
    found: dict[str, Line] = {}
    left_out: Counter[str] = Counter()
    for row in rows:
        if not (row.general or row.special or row.other):
            continue
        digits = row.digits[:RATE_LINE]
        reason = _why_not(row, found)
        if reason:
            left_out[reason] += 1
        else:
            found[digits] = Line(digits, row.general, row.special, row.other)
    return Lines(found, left_out)


def _why_not(row: Row, found: Mapping[str, Line]) -> str | None:
    if row.digits[:2] in LEFT_OUT:
        return LEFT_OUT[row.digits[:2]]
    if len(row.digits) < RATE_LINE:
        return "rates on rows of fewer than eight digits"
    if row.digits[:RATE_LINE] in found:
        return "rates under a line of eight digits that has its own"
    return None
