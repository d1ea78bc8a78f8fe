"""Who may claim a preference, and whose goods pay column 2: dated facts of the general notes."""

from dataclasses import dataclass
from datetime import date
from functools import cache

from service.core.codes.tables import read_rows
from service.core.event import Origin

EVERYBODY = "*"


@dataclass(frozen=True, slots=True)
class Programme:
    """A symbol of the special column; `origins` is empty where we keep no list."""

    symbol: str
    condition: str
    origins: tuple[str, ...]
    since: date
    until: date | None

    def holds(self, on: date) -> bool:
        """Whether somebody can claim it on that day."""
        has_lapsed = self.until is not None and self.until <= on
        return bool(self.origins) and self.since <= on and not has_lapsed


@cache
def programmes() -> dict[str, Programme]:
    """By symbol."""
    rows = read_rows("programmes.tsv", __package__)
    return {
        symbol: Programme(
            symbol,
            condition,
            tuple(origins.split(",")) if origins else (),
            date.fromisoformat(since) if since else date.min,
            date.fromisoformat(until) if until else None,
        )
        for symbol, _, condition, origins, since, until, _ in rows
    }


def column_2(on: date) -> tuple[str, ...]:
    """Countries whose goods pay column 2 on that day."""
    rows = read_rows("column_2.tsv", __package__)
    return tuple(code for code, since, _ in rows if date.fromisoformat(since) <= on)


def origin_of(codes: tuple[str, ...], on: date) -> Origin:
    """Those countries; for `EVERYBODY` all whose goods do not pay column 2."""
    if EVERYBODY in codes:
        return Origin.model_validate({"kind": "all", "except": column_2(on)})
    return Origin(kind="country", members=tuple(sorted(codes)))
