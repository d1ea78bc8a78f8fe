"""Groups of countries, by dated membership: who was in the EU on that day."""

from datetime import date
from functools import cache, lru_cache
from typing import NamedTuple

from service.core.codes.tables import read_rows


class Membership(NamedTuple):
    """A row of `memberships.tsv`: a member from `since` up to, but not on, `until`."""

    group: str
    code: str
    since: date
    until: date

    def holds(self, on: date) -> bool:
        """Whether the country was a member on that day."""
        return self.since <= on < self.until


@lru_cache(maxsize=4096)
def members(group: str, on: date) -> frozenset[str]:
    """Codes of the members on that day; none for a group that we hold no rows of."""
    return frozenset(row.code for row in _memberships() if row.group == group and row.holds(on))


@lru_cache(maxsize=4096)
def groups_of(code: str, on: date) -> frozenset[str]:
    """Name the groups that the country was a member of on that day."""
    return frozenset(row.group for row in _memberships() if row.code == code and row.holds(on))


@cache
def known_groups() -> frozenset[str]:
    """List the groups whose members we know, whatever the day."""
    return frozenset(row.group for row in _memberships())


@cache
def _memberships() -> tuple[Membership, ...]:
    return tuple(
        Membership(
            group,
            code,
            date.fromisoformat(since),
            date.fromisoformat(until) if until else date.max,
        )
        for group, code, since, until in read_rows("memberships.tsv")
    )
