"""How measures bear on each other: dated relations, kept as data that an operator can extend."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated, Any, Protocol, Self

from pydantic import BeforeValidator, Field, model_validator

from service.core.duty import Amount, Frozen, Short, Text
from service.core.event.fields import CountryCode, ProductDigits
from service.core.moment import Moment, When
from service.core.rates.question import Question

OF_PROGRAMME = "programme:"
"""A pattern that begins so is held against the programme, any other against the measure's key."""


def _listed(given: Any) -> Any:
    return [given] if isinstance(given, str) else given


FACT = r"^[a-z][a-z0-9_]*$"
Patterns = Annotated[tuple[Short, ...], BeforeValidator(_listed), Field(max_length=200)]


Origins = Annotated[tuple[CountryCode, ...], Field(max_length=300)]


class Kind(StrEnum):
    """What one measure does to another, or to some goods."""

    REPLACES = "replaces"  # while it is owed, the other is not
    EXCLUDES = "excludes"  # an article that owes it does not owe the other
    STACKS_WITH = "stacks_with"  # both are owed, whatever else is said
    RELIEF_OF = "relief_of"  # some goods do not owe it


class Window(Frozen):
    """Goods that were on their way: loaded before one instant and, if stated, entered before one.

    `modes` names the means of transport that it is confined to; empty: any.
    """

    loaded_before: When
    entered_before: When | None = None
    modes: tuple[Short, ...] = ()


class Limit(Frozen):
    """A number that must be told, and not be above this."""

    fact: Annotated[str, Field(pattern=FACT, max_length=60)]
    at_most: Amount


class Relief(Frozen):
    """Which goods: by a fact, by a number, by what is let off another measure, or by transit.

    `codes` are the prefixes outside of which the condition is known not to hold. `only_if_told`:
    nobody is asked for the fact, and untold it does not hold.
    """

    condition: Annotated[str, Field(pattern=FACT, max_length=60)] | None = None
    limit: Limit | None = None
    let_off: Short | None = None
    in_transit: Window | None = None
    codes: Annotated[tuple[ProductDigits, ...], Field(max_length=2000)] = ()
    only_if_told: bool = False

    @model_validator(mode="after")
    def _check(self) -> Self:
        stated = [self.condition, self.limit, self.let_off, self.in_transit]
        if sum(one is not None for one in stated) != 1:
            message = "name one of `condition`, `limit`, `let_off` (a measure) and `in_transit`"
            raise ValueError(message)
        return self


class Relation(Frozen):
    """One rule between measures, with the law that it rests on.

    It holds from `start` to `until` (exclusive) by legal time, and to who knows what was public at
    `known_from`; its end is known from `end_known_from`. `origins`: only for goods of these,
    `other_origins`: of all but these. `share` names the fact that says on what
    part of the value, in percent, it acts; the rest owes both.
    """

    id: Short
    importer: CountryCode | None = None
    kind: Kind
    measure: Annotated[Patterns, Field(min_length=1)]
    but: Patterns = ()
    other: Patterns = ()
    origins: Origins = ()
    other_origins: Origins = ()
    relief: Relief | None = None
    share: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*_pct$", max_length=60)] | None = None
    start: When = Field(alias="from", serialization_alias="from")
    until: When | None = None
    known_from: When | None = None
    end_known_from: When | None = None
    citation: Short
    note: Text | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        self._check_object()
        if self.share and self.kind is not Kind.EXCLUDES:
            message = "`share` goes with `excludes` alone"
            raise ValueError(message)
        if self.until and self.until.at <= self.start.at:
            message = "`until` is an exclusive end: it lies after `from`"
            raise ValueError(message)
        return self

    def _check_object(self) -> None:
        is_relief = self.kind is Kind.RELIEF_OF
        says_goods = self.relief is not None or bool(self.origins)
        if is_relief and (self.other or not says_goods):
            message = "`relief_of` names no `other`; it says which goods, by `relief` or `origins`"
            raise ValueError(message)
        if not is_relief and (self.relief or not self.other):
            message = f"`{self.kind}` names `other` measures, and `relief` is for `relief_of`"
            raise ValueError(message)

    def holds(self, question: Question) -> bool:
        """Whether it held for such goods at that time, by what was public then."""
        if self.importer not in {None, question.importer}:
            return False
        if self.origins and not question.origins & set(self.origins):
            return False
        if question.origins & set(self.other_origins):
            return False
        return is_held(self, question)

    def is_of(self, key: str, programme: str | None) -> bool:
        """Whether the measure is one that does this."""
        return fits(self.measure, key, programme) and not fits(self.but, key, programme)

    def is_about(self, key: str, programme: str | None) -> bool:
        """Whether the measure is one that this is done to."""
        return fits(self.other, key, programme)


class Dated(Protocol):
    """A span by two clocks."""

    @property
    def start(self) -> Moment:
        """When it began."""

    @property
    def until(self) -> Moment | None:
        """When it ended; exclusive."""

    @property
    def known_from(self) -> Moment | None:
        """When it became public; None: always was."""

    @property
    def end_known_from(self) -> Moment | None:
        """When its end became public."""


def is_held(span: Dated, question: Question) -> bool:
    """Whether it had begun and not ended, so far as was known."""
    at, known_at = question.at, question.known_at
    is_over = span.until and span.until.at <= at and _is_past(span.end_known_from, known_at)
    return span.start.at <= at and _is_past(span.known_from, known_at) and not is_over


def _is_past(moment: Moment | None, instant: datetime) -> bool:
    return moment is None or moment.at <= instant


def fits(patterns: Iterable[str], key: str, programme: str | None) -> bool:
    """Whether a pattern (`*` stands for anything) names the measure, or its programme."""
    for pattern in patterns:
        of_programme = pattern.startswith(OF_PROGRAMME)
        name = (programme or "") if of_programme else key
        if fnmatchcase(name, pattern.removeprefix(OF_PROGRAMME)):
            return True
    return False
