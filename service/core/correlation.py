"""Codes that change: what follows them, and which lanes that concerns.

A correlation is a table of old and new codes that holds from a day on; many old ones may have many
new ones. Until an owner decides, a lane goes on with the old code and what follows it; then with
what was decided. Nothing is inferred: a code without a row goes on as it is.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property

from service.core.codes import covers
from service.core.codes.harmonized import NATIONAL_CHAPTERS
from service.core.event.fields import LONGEST_COMMON
from service.core.match.subscription import Heir, Lane, ProductLane, Rule


class Word(StrEnum):
    """What an owner has decided of a correlation; `mended`: by writing other codes."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    MENDED = "mended"


@dataclass(frozen=True)
class Correlation:
    """`following`: by old code what follows it, nothing where it is retired."""

    id: str
    nomenclature: str
    effective: date
    following: Mapping[str, tuple[str, ...]]

    @cached_property
    def under(self) -> Mapping[str, tuple[str, ...]]:
        """By every prefix the old codes that begin with it."""
        found: dict[str, list[str]] = {}
        for old in self.following:
            for size in range(2, len(old) + 1, 2):
                found.setdefault(old[:size], []).append(old)
        return {prefix: tuple(olds) for prefix, olds in found.items()}


@dataclass(frozen=True, slots=True)
class Turn:
    """A code of a lane, the code at, above or below it that changes, and what it is to follow."""

    lane: int
    code: str
    old: str
    following: tuple[str, ...]
    ends: bool
    is_retired: bool


def find_turns(rule: Rule, correlation: Correlation) -> tuple[Turn, ...]:
    """What of a rule a correlation concerns; `lane` counts from 1.

    A code at or below an old one always; a wider one only where goods leave it for a code that the
    lane does not hold.
    """
    return tuple(
        turn
        for number, lane in enumerate(rule.lanes, start=1)
        if lane.product
        for turn in _turns(number, lane.product, correlation)
    )


def succeed(rule: Rule, correlation: Correlation, word: Word) -> Rule:
    """The rule with the heirs that a correlation gives it, by the word of its owner."""
    turns = find_turns(rule, correlation) if word in {Word.OPEN, Word.ACCEPTED} else ()
    by_lane: dict[int, list[Heir]] = {}
    for turn in turns:
        heirs = by_lane.setdefault(turn.lane, [])
        heirs += _heirs_of(turn, correlation.effective, is_accepted=word is Word.ACCEPTED)
    lanes = tuple(
        _with_heirs(lane, by_lane.get(number, ())) for number, lane in enumerate(rule.lanes, 1)
    )
    return rule.model_copy(update={"lanes": lanes})


def _heirs_of(turn: Turn, since: date, *, is_accepted: bool) -> Iterator[Heir]:
    ends = turn.ends and is_accepted
    for code in turn.following:
        yield Heir(code=code, of=turn.code, since=since, ends=ends)
    if ends and not turn.following:
        yield Heir(code=None, of=turn.code, since=since, ends=True)


def _with_heirs(lane: Lane, heirs: Iterable[Heir]) -> Lane:
    product, fresh = lane.product, tuple(heirs)
    if product is None or not fresh:
        return lane
    changed = product.model_copy(update={"heirs": (*product.heirs, *fresh)})
    return lane.model_copy(update={"product": changed})


def _turns(number: int, lane: ProductLane, correlation: Correlation) -> Iterator[Turn]:
    for code in lane.ever:
        for old in _olds_near(code, correlation):
            if not _is_one_list(code, old, lane.nomenclature, correlation.nomenclature):
                continue
            turn = _turn(number, lane, code, old, correlation)
            if turn.ends or turn.following:
                yield turn


def _olds_near(code: str, correlation: Correlation) -> Iterator[str]:
    """At or above the code, then below it."""
    for size in range(len(code), 1, -2):
        if code[:size] in correlation.following:
            yield code[:size]
    yield from (old for old in correlation.under.get(code, ()) if old != code)


def _is_one_list(code: str, old: str, of: str | None, of_old: str) -> bool:
    """Digits past the sixth, and chapters 98 and 99, are only compared within one nomenclature."""
    is_national = min(len(code), len(old)) > LONGEST_COMMON or code[:2] in NATIONAL_CHAPTERS
    return not is_national or of == of_old


def _turn(number: int, lane: ProductLane, code: str, old: str, correlation: Correlation) -> Turn:
    following = correlation.following[old]
    wanted = (_fit(new, lane, correlation.nomenclature) for new in following)
    fresh = tuple(dict.fromkeys(new for new in wanted if not _holds(lane, new)))
    ends = covers(old, code) and old not in following
    return Turn(number, code, old, fresh, ends, is_retired=not following)


def _fit(new: str, lane: ProductLane, nomenclature: str) -> str:
    """In another list only six digits mean the same."""
    return new if lane.nomenclature == nomenclature else new[:LONGEST_COMMON]


def _holds(lane: ProductLane, new: str) -> bool:
    """Whether the lane follows it already, or has excepted it."""
    return any(new[:size] in lane.own for size in range(len(new), 1, -2)) or new.startswith(
        lane.excluded
    )
