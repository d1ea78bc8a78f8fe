"""Codes that change: what follows them, and which lanes that concerns.

A correlation is a table of old and new codes that holds from a day on; many old ones may have many
new ones. Until an owner decides, a lane goes on with the old code and what follows it; then with
what was decided. Nothing is inferred: a code without a row goes on as it is.
"""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property, partial

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
        heirs += _heirs_of(turn, correlation, is_accepted=word is Word.ACCEPTED)
    lanes = tuple(
        _with_heirs(lane, by_lane.get(number, ())) for number, lane in enumerate(rule.lanes, 1)
    )
    return rule.model_copy(update={"lanes": lanes})


@dataclass(frozen=True, slots=True)
class Link:
    """A table as it comes to a rule: what it concerns there, and the word of the owner on it."""

    correlation: Correlation
    word: Word
    turns: tuple[Turn, ...]


def chain(rule: Rule, decided: Iterable[tuple[Correlation, Word]]) -> tuple[Rule, tuple[Link, ...]]:
    """The rule with the heirs that all of these give it, one after another in the order given."""
    links = []
    for correlation, word in decided:
        links.append(Link(correlation, word, find_turns(rule, correlation)))
        rule = succeed(rule, correlation, word)
    return rule, tuple(links)


def find_over(rule: Rule, decided: Iterable[tuple[Correlation, Word]]) -> tuple[str, ...]:
    """Ids of the tables that can concern a rule no more, whatever its owner decides of the others.

    What was declined may still be accepted, so it is followed here.
    """
    asked = tuple(decided)
    may_be = ((one, Word.MENDED if word is Word.MENDED else Word.OPEN) for one, word in asked)
    _, links = chain(without_heirs(rule), may_be)
    waits = {one.id for one, word in asked if word in {Word.OPEN, Word.ACCEPTED}}
    return tuple(
        link.correlation.id for link in links if not link.turns and link.correlation.id in waits
    )


def find_by_heirs(rule: Rule, correlation: Correlation) -> tuple[Turn, ...]:
    """The turns of codes that no owner wrote: of those that follow others."""
    own = [frozenset(lane.product.own if lane.product else ()) for lane in rule.lanes]
    turns = find_turns(rule, correlation)
    return tuple(turn for turn in turns if turn.code not in own[turn.lane - 1])


def without_heirs(rule: Rule) -> Rule:
    """What its owner wrote, and the catalogues hold."""
    lanes = tuple(
        lane.model_copy(update={"product": lane.product.model_copy(update={"heirs": ()})})
        if lane.product
        else lane
        for lane in rule.lanes
    )
    return rule.model_copy(update={"lanes": lanes})


def _heirs_of(turn: Turn, correlation: Correlation, *, is_accepted: bool) -> Iterator[Heir]:
    ends = turn.ends and is_accepted
    gone: tuple[str | None, ...] = (None,) if ends else ()
    for code in turn.following or gone:
        since, by = correlation.effective, correlation.id
        yield Heir(code=code, of=turn.code, since=since, ends=ends, by=by)


def _with_heirs(lane: Lane, heirs: Iterable[Heir]) -> Lane:
    """In the order of their days, for one table takes up what another has left."""
    product, fresh = lane.product, tuple(heirs)
    if product is None or not fresh:
        return lane
    ordered = sorted((*product.heirs, *fresh), key=lambda heir: heir.since)
    changed = product.model_copy(update={"heirs": tuple(ordered)})
    return lane.model_copy(update={"product": changed})


def _turns(number: int, lane: ProductLane, correlation: Correlation) -> Iterator[Turn]:
    held = frozenset(lane.followed(correlation.effective))
    for code in _ever_before(lane, correlation.effective):
        for old in _olds_near(code, correlation):
            if not _is_one_list(code, old, lane.nomenclature, correlation.nomenclature):
                continue
            turn = _turn(number, lane, code, old, correlation, held)
            if turn.ends or turn.following:
                yield turn


def _ever_before(lane: ProductLane, day: date) -> Iterable[str]:
    """All that it followed until then: what begins later is not what the table speaks of."""
    begun = (heir.code for heir in lane.heirs if heir.code and heir.since <= day)
    return dict.fromkeys((*lane.own, *begun))


def _olds_near(code: str, correlation: Correlation) -> Iterator[str]:
    """At or above the code, then below it."""
    yield from _olds_above(code, correlation)
    yield from (old for old in correlation.under.get(code, ()) if old != code)


def _olds_above(code: str, correlation: Correlation) -> Iterator[str]:
    return (code[:size] for size in range(len(code), 1, -2) if code[:size] in correlation.following)


def _is_one_list(code: str, old: str, of: str | None, of_old: str) -> bool:
    """Digits past the sixth, and chapters 98 and 99, are only compared within one nomenclature."""
    is_national = min(len(code), len(old)) > LONGEST_COMMON or code[:2] in NATIONAL_CHAPTERS
    return not is_national or of == of_old


def _turn(  # noqa: PLR0913, PLR0917 - a lane, a table, and where they meet
    number: int,
    lane: ProductLane,
    code: str,
    old: str,
    correlation: Correlation,
    held: AbstractSet[str],
) -> Turn:
    following = correlation.following[old]
    wanted = (_fit(new, lane, correlation.nomenclature) for new in following)
    is_known = partial(_goes_on, lane, correlation, held)
    fresh = tuple(dict.fromkeys(new for new in wanted if not is_known(new)))
    ends = _ends(code, old, correlation)
    return Turn(number, code, old, fresh, ends, is_retired=not following)


def _ends(code: str, old: str, correlation: Correlation) -> bool:
    return covers(old, code) and old not in correlation.following[old]


def _fit(new: str, lane: ProductLane, nomenclature: str) -> str:
    """In another list only six digits mean the same."""
    return new if lane.nomenclature == nomenclature else new[:LONGEST_COMMON]


def _goes_on(lane: ProductLane, correlation: Correlation, held: AbstractSet[str], new: str) -> bool:
    """Whether the lane excepts it, or follows it by a code that does not itself end."""
    wide = (new[:size] for size in range(len(new), 1, -2) if new[:size] in held)
    return new.startswith(lane.excluded) or any(
        not _is_over(code, lane, correlation) for code in wide
    )


def _is_over(code: str, lane: ProductLane, correlation: Correlation) -> bool:
    return any(
        _is_one_list(code, old, lane.nomenclature, correlation.nomenclature)
        and _ends(code, old, correlation)
        for old in _olds_above(code, correlation)
    )
