"""The book of a measure: the terms, pauses, exemptions and end that its legal texts have left."""

from dataclasses import dataclass, field
from typing import TypeVar

from service.core.certainty import Certainty
from service.core.duty import Duty
from service.core.event import Identity, Instrument, Measure, Product
from service.core.moment import Moment, When, instant_of


@dataclass(frozen=True, slots=True)
class Term:
    """A duty from `start` (None: announced without a date) to `until` (exclusive)."""

    start: When | None
    until: When | None
    duty: Duty | None
    cause: Identity
    law: tuple[Instrument, ...]
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class Pause:
    """A suspension; `duty`, if stated, is what applies meanwhile."""

    start: When
    until: When | None
    duty: Duty | None
    cause: Identity
    law: tuple[Instrument, ...] = ()


Span = TypeVar("Span", Term, Pause)


@dataclass(frozen=True, slots=True)
class Exemption:
    """Goods that are let off; it never touches the measure's own rate."""

    product: Product
    start: When
    until: When | None
    cause: Identity


@dataclass(frozen=True, slots=True)
class ScopeStep:
    """Goods added to or taken from the measure."""

    product: Product
    start: When
    extended: bool
    cause: Identity


@dataclass(frozen=True, slots=True)
class Ruling:
    """A court's finding; without effect while stayed, or while it is not said to be in effect."""

    start: When
    stayed: bool | None
    cause: Identity


@dataclass(slots=True)
class Book:
    """The running account while folding; read-only once `keep_book` has returned it."""

    terms: list[Term] = field(default_factory=list)
    pauses: list[Pause] = field(default_factory=list)
    exemptions: list[Exemption] = field(default_factory=list)
    scope_steps: list[ScopeStep] = field(default_factory=list)
    rulings: list[Ruling] = field(default_factory=list)
    voids: list[tuple[Moment, Moment]] = field(default_factory=list)  # struck down, then stayed
    ended: tuple[Moment, str] | None = None
    expires_at: Moment | None = None
    opening: str | None = None  # a status from before any term: an investigation, an authority
    last: Measure | None = None  # the latest event on the measure as a whole
    certainty: Certainty | None = None  # of that which carries the rate or its pause

    @property
    def first_end(self) -> Moment | None:
        """When it ends or has ended: by its own terms, or by what was told later."""
        ends = [one for one in (self.expires_at, self.ended and self.ended[0]) if one]
        return min(ends, key=instant_of, default=None)

    def copy(self) -> "Book":
        """One that can be written on."""
        return Book(
            self.terms.copy(),
            self.pauses.copy(),
            self.exemptions.copy(),
            self.scope_steps.copy(),
            self.rulings.copy(),
            self.voids.copy(),
            self.ended,
            self.expires_at,
            self.opening,
            self.last,
            self.certainty,
        )
