"""Groups of countries, by dated membership: who was in the EU on that day."""

from datetime import date
from difflib import get_close_matches
from functools import cache, lru_cache
from typing import NamedTuple

from service.core.codes.tables import read_rows
from service.core.codes.unknown import UnknownGroup

_LONGEST = 80


class Group(NamedTuple):
    """A row of `groups.tsv`; `phrase` is its name inside a sentence."""

    code: str
    name: str
    phrase: str
    kind: str


class Membership(NamedTuple):
    """A row of `memberships.tsv`: a member from `since` up to, but not on, `until`."""

    group: str
    code: str
    since: date
    until: date
    source: str

    def holds(self, on: date) -> bool:
        """Whether the country was a member on that day."""
        return self.since <= on < self.until


@lru_cache(maxsize=4096)
def members(group: str, on: date) -> frozenset[str]:
    """Codes of the members on that day; none for a group that we hold no rows of."""
    return frozenset(row.code for row in memberships(group) if row.holds(on))


@lru_cache(maxsize=4096)
def groups_of(code: str, on: date) -> frozenset[str]:
    """Name the groups that the country was a member of on that day."""
    return frozenset(row.group for row in _memberships() if row.code == code and row.holds(on))


@cache
def known_groups() -> frozenset[str]:
    """List the groups whose members we know, whatever the day."""
    return frozenset(_groups())


def list_groups() -> tuple[Group, ...]:
    """All of them, in the order of the table."""
    return tuple(_groups().values())


def find_group(text: str) -> Group:
    """Understand a group's code or name, whatever its case. Raises `UnknownGroup`, with nearest."""
    given = " ".join(text[:_LONGEST].casefold().split())
    spellings = {
        spelling.casefold(): group
        for group in _groups().values()
        for spelling in (group.code, group.name, group.phrase)
    }
    if given in spellings:
        return spellings[given]
    near = [spellings[one] for one in get_close_matches(given, spellings, n=3, cutoff=0.5)]
    raise UnknownGroup(text, tuple((one.code, one.name) for one in dict.fromkeys(near)))


@cache
def memberships(group: str) -> tuple[Membership, ...]:
    """Every membership there ever was, in the order of the table; none of an unknown group."""
    return tuple(row for row in _memberships() if row.group == group)


@cache
def _groups() -> dict[str, Group]:
    return {row[0]: Group(*row) for row in read_rows("groups.tsv")}


@cache
def _memberships() -> tuple[Membership, ...]:
    return tuple(
        Membership(
            group,
            code,
            date.fromisoformat(since),
            date.fromisoformat(until) if until else date.max,
            source,
        )
        for group, code, since, until, source in read_rows("memberships.tsv")
    )
