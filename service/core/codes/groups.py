"""Groups of countries, by dated membership: who was in the EU on that day."""

from bisect import bisect_right
from collections.abc import Mapping
from datetime import date
from difflib import get_close_matches
from functools import cache, lru_cache
from typing import NamedTuple

from service.core.codes.tables import read_rows
from service.core.codes.unknown import Suggestions, UnknownGroup

_LONGEST = 80
LEVYING = frozenset({"EU"})
"""Groups that act as one customs territory; a free-trade area does not."""


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


class _Standing(NamedTuple):
    """Who belongs where throughout an era: the members by group, and the groups by member."""

    members: Mapping[str, frozenset[str]]
    groups: Mapping[str, frozenset[str]]


_NONE: frozenset[str] = frozenset()


def members(group: str, on: date) -> frozenset[str]:
    """Codes of the members on that day; none for a group that we hold no rows of."""
    return _standing(era_of(on)).members.get(group, _NONE)


def groups_of(code: str, on: date) -> frozenset[str]:
    """Name the groups that the country was a member of on that day."""
    return _standing(era_of(on)).groups.get(code, _NONE)


@lru_cache(maxsize=4096)
def era_of(on: date) -> date:
    """The day from which everybody's memberships are as they are on that day.

    A key to remember answers by that hold for all days of an era.
    """
    begins = _eras()
    return begins[bisect_right(begins, on) - 1]


@cache
def _eras() -> tuple[date, ...]:
    """When they begin: at the first of all days, and wherever somebody joins or leaves."""
    rows = _memberships()
    return tuple(sorted({date.min, *(row.since for row in rows), *(row.until for row in rows)}))


@cache
def _standing(era: date) -> _Standing:
    members: dict[str, set[str]] = {}
    groups: dict[str, set[str]] = {}
    for row in _memberships():
        if row.holds(era):
            members.setdefault(row.group, set()).add(row.code)
            groups.setdefault(row.code, set()).add(row.group)
    return _Standing(_freeze(members), _freeze(groups))


def levier_of(code: str, on: date) -> str:
    """Who levies for it on that day: a customs union for its members, else it does so itself."""
    return next(iter(groups_of(code, on) & LEVYING), code)


def _freeze(sets: Mapping[str, set[str]]) -> Mapping[str, frozenset[str]]:
    return {name: frozenset(codes) for name, codes in sets.items()}


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

    def suggest(_: str) -> Suggestions:
        near = [spellings[one] for one in get_close_matches(given, spellings, n=3, cutoff=0.5)]
        return tuple((one.code, one.name) for one in dict.fromkeys(near))

    raise UnknownGroup(text, suggest)


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
