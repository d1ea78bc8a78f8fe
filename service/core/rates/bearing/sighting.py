"""Which measures bear on the goods asked about, before any fact that was told is looked at."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from service.core.codes import members
from service.core.duty import Duty
from service.core.event import Measure, Origin, Product
from service.core.moment import Moment
from service.core.rates.bearing.dossier import CompanyRate, Dossier, Step, company_rates
from service.core.rates.bearing.goods import Hit
from service.core.rates.question import Question
from service.core.rates.rules.coverage import Coverage
from service.core.rates.rules.file import Rules
from service.core.rates.rules.relations import Window
from service.core.standing import MeasureStanding
from service.core.standing.book import Exemption, ScopeStep

COLUMN_1 = frozenset({"MFN", "preference", "column_2"})
"""Programmes of the ordinary duty: an article owes one of them, and the rest on top."""
_GENERAL = frozenset({"MFN", "column_2"})
"""Those of them that every line of a schedule has."""
_CHARGING = frozenset({"in_force", "provisional", "suspended"})
_STRENGTH = {Hit.NO: 0, Hit.VAGUE: 1, Hit.PART: 2, Hit.YES: 3}


@dataclass(frozen=True, slots=True)
class Relieving:
    """An exemption of a measure that has begun: how the goods stand to it, and the law."""

    hit: Hit
    condition: str | None
    law: str


@dataclass(frozen=True, slots=True)
class Sighted:
    """A measure on these goods; `origin` and `product` as they were at the instant asked."""

    key: str
    held: MeasureStanding
    step: Step | None
    origin: Origin
    product: Product
    hit: Hit
    exemptions: tuple[Relieving, ...]
    windows: tuple[tuple[Moment, Window], ...]

    @property
    def programme(self) -> str | None:
        """As the measure names it."""
        return self.held.programme

    @property
    def duty(self) -> Duty | None:
        """What it makes payable now."""
        return self.held.applied

    @property
    def charges(self) -> bool:
        """A paused measure charges only what its pause says."""
        if self.held.status == "suspended":
            return self.held.applied is not None
        return self.held.status in _CHARGING

    @property
    def citations(self) -> tuple[str, ...]:
        """The laws it rests on now."""
        return tuple(one.number for one in self.held.citations)

    @property
    def law(self) -> str:
        """The first of them."""
        return next(iter(self.citations), "")

    @property
    def companies(self) -> tuple[CompanyRate, ...]:
        """Exporters with a rate of their own."""
        return company_rates(self.step.data) if self.step else ()

    @property
    def has_quota(self) -> bool:
        """Whether only what lies within a quota is charged so."""
        return bool(self.step and self.step.data.quota)


def sight(
    question: Question, dossiers: Iterable[Dossier], rules: Rules, coverage: Coverage
) -> list[Sighted]:
    """By key, whatever the order they come in."""
    ordered = sorted(dossiers, key=_subject)
    found = (_sight(question, one, rules) for one in ordered)
    covered = [one for one in found if one and coverage.has(one.programme)]
    return [*_settle_column_1(covered)]


def _subject(dossier: Dossier) -> str:
    return dossier.history.subject


def _sight(question: Question, dossier: Dossier, rules: Rules) -> Sighted | None:
    held = dossier.stand(question.at, question.known_at)
    if held is None or held.importer not in question.importers:
        return None
    step = dossier.step_at(question.at)
    origin = step.data.origin if step else held.origin
    if not is_origin(origin, question):
        return None
    shelf = step.shelf if step else dossier.shelf_of(("", held.subject), held.product)
    hit = _rescoped(shelf.hit(question, rules), held, dossier, question, rules)
    if hit is Hit.NO:
        return None
    key = held.subject.removeprefix("measure:")
    exemptions = tuple(_exemptions(held, dossier, question, rules))
    return Sighted(key, held, step, origin, shelf.product, hit, exemptions, dossier.windows)


def is_origin(origin: Origin, question: Question) -> bool:
    """Whether they are its goods. A pseudo-origin is for the facts to say, later."""
    on = question.at.date()
    if origin.kind == "pseudo":
        return True
    excluded = set(origin.excluded)
    if question.origin in excluded or any(question.origin in members(one, on) for one in excluded):
        return False
    if origin.kind == "all":
        return question.origin not in question.importers
    return bool(question.origins & set(origin.members))


def _rescoped(
    hit: Hit, held: MeasureStanding, dossier: Dossier, question: Question, rules: Rules
) -> Hit:
    """After the goods that were added or taken out by then, in the order of the texts."""
    for one in held.scope_steps:
        if one.start.at <= question.at and _is_meant(one, dossier, question):
            found = dossier.shelf_of(one.cause, one.product).hit(question, rules)
            hit = _extended(hit, found) if one.extended else _reduced(hit, found)
    return hit


def _extended(hit: Hit, added: Hit) -> Hit:
    return max(hit, added, key=_strength)


def _reduced(hit: Hit, taken: Hit) -> Hit:
    if taken is Hit.YES:
        return Hit.NO
    return Hit.PART if hit is Hit.YES and taken is not Hit.NO else hit


def _strength(hit: Hit) -> int:
    return _STRENGTH[hit]


def _exemptions(
    held: MeasureStanding, dossier: Dossier, question: Question, rules: Rules
) -> Iterator[Relieving]:
    for one in held.exemptions:
        if one.start.at <= question.at and _is_meant(one, dossier, question):
            hit = dossier.shelf_of(one.cause, one.product).hit(question, rules)
            if hit is not Hit.NO:
                yield Relieving(hit, one.product.condition, dossier.law(one.cause))


def _is_meant(one: Exemption | ScopeStep, dossier: Dossier, question: Question) -> bool:
    """A text may let off, or take in, goods of some origins only."""
    entry = dossier.history.by_identity[one.cause]
    data = entry.event.data
    return isinstance(data, Measure) and is_origin(data.origin, question)


def _settle_column_1(sighted: list[Sighted]) -> Iterator[Sighted]:
    """A short code covers several lines of a schedule: where all say one rate, that is the rate."""
    seen: set[str | None] = set()
    for one in sighted:
        if one.programme not in _GENERAL or one.hit is not Hit.PART:
            yield one
        elif one.programme not in seen:
            seen.add(one.programme)
            alike = [
                other
                for other in sighted
                if other.programme == one.programme and other.hit is Hit.PART
            ]
            rates = {other.duty.figures if other.duty else None for other in alike}
            yield replace(one, hit=Hit.YES) if len(rates) == 1 else one
