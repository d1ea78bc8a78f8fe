"""What is owed, line by line; what is not and why; what nobody can tell from what was told."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from service.core.duty import Duty
from service.core.moment import Moment
from service.core.rates.facts import Supposed
from service.core.rates.rules.coverage import Coverage


@dataclass(frozen=True, slots=True)
class Line:
    """A duty that is owed.

    `pct` is what it adds, in percent of the whole value of the goods; None: unknown, or (with
    `specific`) stated in money or units. `share_pct` is the part of the value that it is taken
    from, None: unknown. `stacks` are laws that say that it is owed beside others.
    """

    measure: str
    programme: str | None
    status: str
    duty: Duty | None
    pct: Decimal | None
    specific: tuple[str, ...]
    share_pct: Decimal | None
    effective_at: Moment | None
    until: Moment | None
    citations: tuple[str, ...]
    stacks: tuple[str, ...]
    sentence: str

    @property
    def figures(self) -> Hashable:
        """What makes two lines differ for who pays them."""
        return (self.measure, self.pct, self.specific, self.share_pct, self.status)


@dataclass(frozen=True, slots=True)
class Excluded:
    """A duty that would be owed, and is not: which relation takes it out, and on what law.

    `relation`: replaces, excludes, relief_of or in_transit. `by` is the measure or the fact.
    """

    measure: str
    programme: str | None
    duty: Duty | None
    relation: str
    by: str
    citation: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Beside:
    """A measure on these goods that charges nothing now: suspended, scheduled, threatened."""

    measure: str
    programme: str | None
    status: str
    duty: Duty | None
    effective_at: Moment | None
    until: Moment | None
    citations: tuple[str, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class Possible:
    """A measure, or an exemption, that may concern these goods: `fact` would settle it."""

    measure: str
    programme: str | None
    fact: str
    duty: Duty | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """A part that cannot be told: the fact that is missing or the measure, and why."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What is owed where `given` is so. A sum is None while anything that it is made of is unknown.

    `additional_pct` leaves out column 1, `total_pct` has it. `specific` is owed beside either sum.
    """

    lines: tuple[Line, ...] = ()
    excluded: tuple[Excluded, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    column1_pct: Decimal | None = None
    additional_pct: Decimal | None = None
    total_pct: Decimal | None = None
    specific: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    possible: tuple[Possible, ...] = ()
    given: tuple[Supposed, ...] = ()

    @property
    def figures(self) -> Hashable:
        """Two answers that agree in these are one: the fact that parts them did not matter."""
        return (
            tuple(one.figures for one in self.lines),
            frozenset(one.name for one in self.unknown),
            (self.column1_pct, self.additional_pct, self.total_pct, self.specific),
            frozenset(self.doubts),
        )

    def doubting(self, fact: str) -> "Answer":
        """The same, as far as it goes, while `fact` could change it: no sum is known."""
        doubts = tuple(dict.fromkeys((*self.doubts, fact)))
        return replace(self, doubts=doubts, additional_pct=None, total_pct=None)

    def supposing(self, supposed: Supposed) -> "Answer":
        """The same, of one branch."""
        return replace(self, given=(supposed, *self.given))


@dataclass(frozen=True, slots=True)
class Rates:
    """One answer, or one a branch; none where the books do not cover the question.

    `missing` are the facts by which the answers differ. `presumed` says what was taken for granted
    and not asked. `unused` are facts that were told and that nothing here asks for.
    """

    coverage: Coverage
    answers: tuple[Answer, ...] = ()
    beside: tuple[Beside, ...] = ()
    missing: tuple[str, ...] = ()
    presumed: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    is_cut: bool = False


def total_of(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """Unknown plus anything is unknown."""
    found = Decimal(0)
    for one in amounts:
        if one is None:
            return None
        found += one
    return found
