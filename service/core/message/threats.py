"""Threats in words: what would come, unless what, and by when."""

from typing import Any

from service.core.change import Change, Kind
from service.core.duty import say_number
from service.core.event import Measure
from service.core.message.line import Line, subject_of
from service.core.message.phrase import (
    SAID_TEXT,
    read_number,
    say_moment,
    say_rate,
    shorten,
    zone_of,
)
from service.core.message.talks import say_basis, say_terms
from service.core.moment import Moment, read_moment
from service.core.standing import Claim, MeasureStanding


def threaten(change: Change, measure: Measure) -> Line:
    """What is threatened, from when, unless what, and by when."""
    condition = measure.condition
    then = dict(condition.then or {}) if condition else {}
    zone = zone_of(measure.importer)
    move = _say_threatened(then, measure)
    start = _take_moment(then, measure) or measure.effective_at
    when = f" from {say_moment(start, zone)}" if start else ""
    other = say_terms(then)
    when += f" ({other})" if other else ""
    if condition and condition.text:
        text = shorten(condition.text, SAID_TEXT).rstrip(".")
        when += f" {text}" if text.lower().startswith(_JOINING) else f"; condition: {text}"
    if condition and condition.deadline:
        word = "deadline passed" if change.headline is Kind.THREAT_LAPSED else "deadline"
        when += f"; {word} {say_moment(condition.deadline, zone)}"
    return Line(subject_of(measure), move, when, notes=(_say_replaced(change, measure),))


_JOINING = ("unless ", "if ", "until ", "should ", "as long as ", "once ")


def _say_threatened(then: dict[str, Any], measure: Measure) -> str:
    """The keys that say the rate are taken from `then`; what is left is said by its name."""
    rate, added = read_number(then.get("rate")), read_number(then.get("rate_added"))
    if rate is not None:
        then.pop("rate")
        return f"{say_number(rate)} %{say_basis(then.pop('basis', None))}"
    if added is not None:
        then.pop("rate_added")
        return f"{say_number(added)} points more"
    return say_rate(measure.duty, measure.importer)


def _take_moment(then: dict[str, Any], measure: Measure) -> Moment | None:
    for name in ("effective_at", "from"):
        try:
            found = read_moment(then[name], measure.importer)
        except (KeyError, ValueError):
            continue
        del then[name]
        return found
    return None


def withdraw(change: Change, measure: Measure) -> Line:
    """What is no longer threatened."""
    claim = _taken_back(change, measure)
    duty = measure.duty or (claim.duty if claim else None)
    rate = f"{say_rate(duty, measure.importer)} " if duty else ""
    when = f" (deadline was {_say_deadline(claim, measure)})" if claim and claim.deadline else ""
    return Line(subject_of(measure), f"{rate}no longer threatened", when)


def _say_replaced(change: Change, measure: Measure) -> str:
    claim = _taken_back(change, measure)
    if claim is None or claim.deadline is None:
        return ""
    return f"Replaces the threat with deadline {_say_deadline(claim, measure)}."


def _say_deadline(claim: Claim, measure: Measure) -> str:
    return say_moment(claim.deadline, zone_of(measure.importer)) if claim.deadline else ""


def _taken_back(change: Change, measure: Measure) -> Claim | None:
    view, taken = change.after, measure.withdraws
    if taken is None or not isinstance(view, MeasureStanding):
        return None
    return next((claim for claim in view.claims if claim.cause == taken.identity), None)
