"""Threats in words: what would come, unless what, and by when."""

from typing import Any

from service.core.change import Change, Kind
from service.core.change.change import Former
from service.core.event import Condition, Measure
from service.core.language import Tongue, noted
from service.core.moment import Moment, read_moment
from service.core.sentence.line import Line, subject_of
from service.core.sentence.phrase import SAID_TEXT, read_number, say_moment, say_quoted, zone_of
from service.core.sentence.rates import say_rate
from service.core.sentence.terms import say_basis, say_terms
from service.core.standing import Claim, MeasureStanding


def threaten(tongue: Tongue, change: Change, measure: Measure) -> Line:
    """What is threatened, from when, unless what, and by when."""
    condition = measure.condition
    then = dict(condition.then or {}) if condition else {}
    zone = zone_of(measure.importer)
    move = said = _say_threatened(tongue, then, measure)
    start = _take_moment(then, measure) or measure.effective_at
    if start:
        said = tongue.say("{move} from {start}", move=said, start=say_moment(tongue, start, zone))
    if other := say_terms(tongue, then):
        said = tongue.say("{move} ({terms})", move=said, terms=other)
    if condition:
        said = _add_condition(tongue, said, condition, change, zone)
    notes = (_say_replaced(tongue, change, measure), _say_settled(tongue, change))
    return Line(subject_of(tongue, measure), move, said, notes)


def _add_condition(
    tongue: Tongue, said: str, condition: Condition, change: Change, zone: str
) -> str:
    if condition.text:
        text = say_quoted(tongue, condition.text, SAID_TEXT)
        joins = condition.text.strip().lower().startswith(_JOINING)
        whole = _JOINED if joins else _CONDITION
        said = tongue.say(whole, move=said, condition=text)
    if condition.deadline:
        day = say_moment(tongue, condition.deadline, zone)
        whole = _PASSED if change.headline is Kind.THREAT_LAPSED else _DEADLINE
        said = tongue.say(whole, move=said, day=day)
    return said


_JOINED, _CONDITION = noted("{move} {condition}"), noted("{move}; condition: {condition}")
_DEADLINE, _PASSED = (
    noted("{move}; deadline {day}"),
    noted("{move}; the deadline of {day} has passed"),
)
_JOINING = ("unless ", "if ", "until ", "should ", "as long as ", "once ")


def _say_threatened(tongue: Tongue, then: dict[str, Any], measure: Measure) -> str:
    """The keys that say the rate are taken from `then`; what is left is said by its name."""
    rate, added = read_number(then.get("rate")), read_number(then.get("rate_added"))
    if rate is not None:
        then.pop("rate")
        return say_basis(tongue, rate, then.pop("basis", None))
    if added is not None:
        then.pop("rate_added")
        return tongue.say("{points} percentage points more", points=tongue.number(added))
    return say_rate(tongue, measure.duty, measure.importer)


def _take_moment(then: dict[str, Any], measure: Measure) -> Moment | None:
    for name in ("effective_at", "from"):
        try:
            found = read_moment(then[name], measure.importer)
        except (KeyError, ValueError):
            continue
        del then[name]
        return found
    return None


def withdraw(tongue: Tongue, change: Change, measure: Measure) -> Line:
    """What is no longer threatened."""
    claim = _taken_back(change, measure)
    duty = measure.duty or (claim.duty if claim else None)
    if duty:
        rate = say_rate(tongue, duty, measure.importer)
        move = said = tongue.say("{rate} no longer threatened", rate=rate)
    else:
        move = said = tongue.say("no longer threatened")
    if claim and claim.deadline:
        day = say_moment(tongue, claim.deadline, zone_of(measure.importer))
        said = tongue.say("{move} (deadline was {day})", move=move, day=day)
    return Line(subject_of(tongue, measure), move, said)


def _say_replaced(tongue: Tongue, change: Change, measure: Measure) -> str:
    claim = _taken_back(change, measure)
    if claim is None or claim.deadline is None:
        return ""
    day = say_moment(tongue, claim.deadline, zone_of(measure.importer))
    return tongue.say("Replaces the earlier threat, whose deadline was {day}.", day=day)


def _say_settled(tongue: Tongue, change: Change) -> str:
    """Of a threat that came to be known after what became of it."""
    view = change.after
    if change.headline is not Kind.THREAT_ISSUED or not isinstance(view, MeasureStanding):
        return ""
    state = next((claim.state for claim in view.claims if claim.cause == change.event), "")
    return tongue.say(_SETTLED[state]) if state in _SETTLED else ""


_SETTLED = {
    "realised": noted("It has been carried out already."),
    "met": noted("It has been taken back already."),
    "withdrawn": noted("It has been taken back already."),
    "lapsed": noted("Its deadline has passed already."),
}


def _taken_back(change: Change, measure: Measure) -> Former | Claim | None:
    """Changes of earlier releases have it among the claims alone."""
    view, taken = change.after, measure.withdraws
    if change.takes_back or taken is None or not isinstance(view, MeasureStanding):
        return change.takes_back
    return next((claim for claim in view.claims if claim.cause == taken.identity), None)
