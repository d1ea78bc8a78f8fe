"""What the books say of one measure at the instant of entry, read off its history."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from service.core.duty import Duty
from service.core.event import Action, Identity, Measure, Product
from service.core.moment import Moment
from service.core.rates.bearing.goods import Shelf
from service.core.rates.rules.relations import Window
from service.core.standing import History, MeasureStanding, standing
from service.core.standing.entry import law_of, start_of
from service.core.standing.law import law_among

_LEAVES_TERMS = frozenset({Action.AMENDED, Action.CORRECTED, Action.RESUMED})
"""They may say anew which goods, and leave the rate."""


@dataclass(frozen=True, slots=True)
class Step:
    """An event that said anew whose goods, which goods, or from when."""

    start: Moment
    until: Moment | None
    data: Measure
    shelf: Shelf


@dataclass(frozen=True)
class Dossier:
    """One measure's history, cut to what was known, with what questions read off it again."""

    history: History
    _shelves: dict[object, Shelf] = field(default_factory=dict, compare=False)

    @classmethod
    def as_known(cls, history: History, known_at: datetime) -> "Dossier":
        """Of a history: what was known of it then."""
        return cls(history.as_known(known_at))

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Those that set a term, by their start; of equal starts the later word is last."""
        fold = self.history.fold
        terms = {one.cause: one for one in fold.book.terms}
        found = []
        for entry, data in law_among(fold.measures):
            term = terms.get(entry.identity)
            if term and term.start:  # a term without a date has not begun
                found.append(Step(term.start, term.until, data, Shelf(data.product)))
            elif data.action in _LEAVES_TERMS and data.duty is None:
                found.append(Step(start_of(entry, data), data.until, data, Shelf(data.product)))
        return tuple(sorted(found, key=_by_start))

    @cached_property
    def windows(self) -> tuple[tuple[Moment, Window], ...]:
        """For goods on their way, as its texts state them, each with the start of its term."""
        stated = ((one, _transit(one.data)) for one in self.steps)
        return tuple((one.start, window) for one, window in stated if window)

    def step_at(self, at: datetime) -> Step | None:
        """Whose goods and which it is on: by the latest start that has come and not run out."""
        begun = [one for one in reversed(self.steps) if one.start.at <= at]
        lasting = (one for one in begun if one.until is None or at < one.until.at)
        return next(lasting, begun[0] if begun else None)

    def stand(self, at: datetime, known_at: datetime) -> MeasureStanding | None:
        """Its standing."""
        found = standing(self.history, at, known_at)
        return found if isinstance(found, MeasureStanding) else None

    def shelf_of(self, cause: Identity, product: Product) -> Shelf:
        """The goods of an exemption or of a step in scope."""
        key = (cause, product.include, product.excluded)  # the end of another may leave a part
        if key not in self._shelves:
            self._shelves[key] = Shelf(product)
        return self._shelves[key]

    def law(self, cause: Identity) -> str:
        """What an event of it cites first."""
        entry = self.history.by_identity.get(cause)
        cited = law_of(entry.event.data) if entry and isinstance(entry.event.data, Measure) else ()
        return cited[0].number if cited else ""


def _by_start(step: Step) -> datetime:
    return step.start.at


def _transit(data: Measure) -> Window | None:
    """The `in_transit` of `apply`, which is kept as it came; what cannot be read is not there."""
    given: Any = (data.apply or {}).get("in_transit")
    if not isinstance(given, dict):
        return None
    stated = {name: given[name] for name in Window.model_fields if given.get(name) is not None}
    try:
        return Window.model_validate(stated)
    except ValidationError:
        return None


@dataclass(frozen=True, slots=True)
class CompanyRate:
    """What one exporter's goods owe instead."""

    name: str
    duty: Duty | None


def company_rates(data: Measure) -> tuple[CompanyRate, ...]:
    """Of `exporters`, which is kept as it came: `{name, rate}` in percent, or `{name, duty}`."""
    named = (one for one in data.exporters if isinstance(one.get("name"), str) and one["name"])
    return tuple(CompanyRate(one["name"], _company_duty(one)) for one in named)


def _company_duty(given: dict[str, Any]) -> Duty | None:
    stated = given.get("duty")
    if stated is None and isinstance(given.get("rate"), str):
        stated = {"components": [{"kind": "ad_valorem", "amount": given["rate"]}]}
    try:
        return Duty.model_validate(stated)
    except ValidationError:
        return None
