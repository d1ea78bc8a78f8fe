"""For whom, for what and how long the books are complete; elsewhere there is no answer."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from service.core.duty import Frozen, Short, Text
from service.core.event.fields import CountryCode, ProductDigits
from service.core.moment import Moment, When
from service.core.rates.question import Question
from service.core.rates.rules.relations import FACT, Origins, Patterns, fits, is_held


class Cover(Frozen):
    """Books that are complete: an importer, origins (empty: all), programmes, and a span.

    `without` names, in words, what is levied beside those programmes and is not in the books.
    """

    id: Short
    importer: CountryCode
    origins: Origins = ()
    programmes: Patterns = ("*",)
    start: When = Field(alias="from", serialization_alias="from")
    until: When | None = None
    without: Annotated[tuple[Short, ...], Field(max_length=50)] = ()
    note: Text | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.until and self.until.at <= self.start.at:
            message = "`until` is an exclusive end: it lies after `from`"
            raise ValueError(message)
        return self

    def is_for(self, question: Question) -> bool:
        """Whether it is about goods of this origin."""
        named = not self.origins or bool(question.origins & set(self.origins))
        return self.importer == question.importer and named

    def holds(self, at: datetime) -> bool:
        """Whether the instant lies in the span."""
        return self.start.at <= at and (self.until is None or at < self.until.at)


Lack = Literal["importer", "origin", "day", "events"]
"""Why there is no answer: nobody covers that importer, that origin or that day; or no event is."""
Lasting = tuple[Moment, Moment | None]


@dataclass(frozen=True, slots=True)
class Coverage:
    """What of a question the books are complete for; `spans` says when they are, where not then."""

    now: tuple[Cover, ...]
    spans: tuple[Lasting, ...]
    lack: Lack | None = None

    @property
    def is_covered(self) -> bool:
        """Whether there is an answer at all."""
        return bool(self.now)

    @property
    def programmes(self) -> tuple[str, ...]:
        """Patterns of the programmes that the answer is complete for."""
        return tuple(dict.fromkeys(name for one in self.now for name in one.programmes))

    @property
    def without(self) -> tuple[str, ...]:
        """What is levied beside them, and not in the books."""
        return tuple(dict.fromkeys(name for one in self.now for name in one.without))

    def has(self, programme: str | None) -> bool:
        """Whether a programme is among those that the books are complete for."""
        return any(fits((name,), programme or "", programme) for name in self.programmes)


def coverage_of(covers: Iterable[Cover], question: Question) -> Coverage:
    """What the books have for this importer and these origins at that instant."""
    of_importer = [one for one in covers if one.importer == question.importer]
    meant = [one for one in of_importer if one.is_for(question)]
    now = tuple(one for one in meant if one.holds(question.at))
    lack: Lack = "day" if meant else "origin" if of_importer else "importer"
    return Coverage(now, _join_up((one.start, one.until) for one in meant), None if now else lack)


def _join_up(spans: Iterable[Lasting]) -> tuple[Lasting, ...]:
    """Those that overlap or follow each other are one."""
    joined: list[Lasting] = []
    for start, until in sorted(spans, key=_by_start):
        last, end = joined[-1] if joined else (None, None)
        if last is None or (end and end.at < start.at):
            joined.append((start, until))
        elif end and (until is None or end.at < until.at):
            joined[-1] = (last, until)
    return tuple(joined)


def _by_start(span: Lasting) -> datetime:
    return span[0].at


class Gap(Frozen):
    """A duty that is known to be levied and that no event in the books carries.

    Where it holds, `measure`s are owed at an unknown rate; without any, something unknown is owed
    beside the rest. `when` is a fact that must be told for it, `unless` one that takes it away.
    """

    id: Short
    importer: CountryCode
    origins: Origins = ()
    codes: Annotated[tuple[ProductDigits, ...], Field(max_length=2000)] = ()
    measure: Patterns = ()
    when: Annotated[str, Field(pattern=FACT, max_length=60)] | None = None
    unless: Annotated[str, Field(pattern=FACT, max_length=60)] | None = None
    start: When = Field(alias="from", serialization_alias="from")
    until: When | None = None
    known_from: When | None = None
    end_known_from: When | None = None
    citation: Short
    text: Short

    def holds(self, question: Question) -> bool:
        """Whether such goods may owe it at that time, by what was public then."""
        if self.importer != question.importer or not is_held(self, question):
            return False
        if self.origins and not question.origins & set(self.origins):
            return False
        return not self.codes or question.is_near(self.codes)
