"""All that matching reads of a change: small enough to be kept beside it for every change."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from pydantic_core import from_json

from service.core.certainty import Certainty
from service.core.change import Change, Kind
from service.core.event import Action, Measure, NegotiationStep, Stage


@dataclass(frozen=True, slots=True)
class Outline:
    """A change without its snapshots, dates and evidence.

    Of `about` only what names the trade is true to the event; `new_pp` is the rate in percent from
    then on, and `on` the day on which memberships are looked at. `lead` and `is_of_clock` are as in
    `Change`.
    """

    subject: str
    kinds: tuple[Kind, ...]
    certainty: Certainty
    delta_pp: Decimal | None
    new_pp: Decimal | None
    on: date
    about: Measure | NegotiationStep
    lead: int | None = None
    is_of_clock: bool = False


def outline_of(change: Change) -> Outline:
    """What a whole change is to the rule."""
    return Outline(
        change.subject,
        change.kinds,
        change.certainty,
        change.delta_pp,
        change.new.percent if change.new else None,
        (change.effective_at.at if change.effective_at else change.seen_at).date(),
        change.about,
        change.lead,
        change.is_of_clock,
    )


_OF_MEASURE: dict[str, Any] = {
    "importer": True,
    "origin": True,
    "programme": True,
    "product": {"scope", "nomenclature", "include", "excluded"},
}
_OF_STEP: dict[str, Any] = {"parties": {"__all__": {"code", "role"}}}
_ANY_MEASURE = {"action": Action.IMPOSED, "certainty": Certainty.INSTRUMENT}
_ANY_STEP = {"stage": Stage.UNDER_WAY, "certainty": Certainty.INSTRUMENT}
"""What an event must have, and matching does not look at: so that many changes share one text."""


def write_about(about: Measure | NegotiationStep) -> str:
    """Whose goods, which, and who levies; or who talks: as JSON."""
    wanted = _OF_MEASURE if isinstance(about, Measure) else _OF_STEP
    return about.model_dump_json(include=wanted, exclude_defaults=True)


@lru_cache(maxsize=8192)
def read_about(text: str) -> Measure | NegotiationStep:
    """From `write_about`."""
    given = from_json(text)
    if "parties" in given:
        return NegotiationStep.model_validate(given | _ANY_STEP)
    return Measure.model_validate(given | _ANY_MEASURE)
