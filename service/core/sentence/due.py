"""What time alone has brought, or will bring, in words: one function for each turn."""

from collections.abc import Callable
from dataclasses import replace
from typing import cast

from service.core.certainty import Certainty
from service.core.change import Change, Kind
from service.core.clock.turning import in_transit
from service.core.duty import Duty
from service.core.event import Action, Measure
from service.core.language import Tongue, noted
from service.core.moment import Moment
from service.core.sentence.line import FROM, Dating, Line, subject_of
from service.core.sentence.moves import (
    CANCELLED,
    ENDINGS,
    add_meanwhile,
    say_dutiable,
    say_ending,
    say_exempt,
)
from service.core.sentence.phrase import say_day, say_end, say_first, say_moment, zone_of
from service.core.sentence.rates import say_figure, say_first_rate, say_rate, say_rates
from service.core.sentence.threats import threaten
from service.core.standing import MeasureStanding


def say_due(tongue: Tongue, change: Change, measure: Measure) -> Line:
    """`measure` is what the event said that stated the date."""
    return _TURNS[_turn_of(change)](tongue, change, measure)


def _turn_of(change: Change) -> Kind:
    return change.kinds[1] if change.lead else change.headline


def put_turn(tongue: Tongue, change: Change, measure: Measure, said: str) -> str:
    """What the clock brought, or in how many days it will, before anything else is read."""
    kind, days = _turn_of(change), change.days or 0
    if kind is Kind.THREAT_LAPSED:
        threat = tongue.say(_THREATS.get(measure.certainty, THREAT))
        return _put_deadline(tongue, threat, change, said)
    if not change.lead:
        return tongue.say(_LEADS[kind], said=said)
    if not days:
        return tongue.say("Today: {said}", said=said)
    return tongue.count("In {n} day: {said}", "In {n} days: {said}", days, said=said)


def _put_deadline(tongue: Tongue, threat: str, change: Change, said: str) -> str:
    if not change.lead:
        return tongue.say("{threat} lapsed, not law: {said}", threat=threat, said=said)
    if not change.days:
        return tongue.say("{threat}, not law, deadline today: {said}", threat=threat, said=said)
    return tongue.count(
        "{threat}, not law, deadline in {n} day: {said}",
        "{threat}, not law, deadline in {n} days: {said}",
        change.days,
        threat=threat,
        said=said,
    )


_LEADS = {
    Kind.ENTERED_INTO_FORCE: noted("In force now: {said}"),
    Kind.SUSPENDED: noted("Suspended now: {said}"),
    Kind.RESUMED: noted("In force again: {said}"),
    Kind.ENDED: noted("Ended: {said}"),
    Kind.EXEMPTION_GRANTED: noted("Exempt now: {said}"),
    Kind.EXEMPTION_ENDED: noted("Exemption ended: {said}"),
    Kind.IN_TRANSIT_CLOSED: noted("In-transit window closed: {said}"),
}
THREAT = noted("Threat")
_THREATS = {
    Certainty.REPORTED: noted("Reported threat"),
    Certainty.UNNAMED: noted("Threat (unnamed sources)"),
    Certainty.RUMOUR: noted("Rumoured threat"),
}


# Dates

SINCE = Dating(noted("{move} since {start}"), noted("{move} since {start}, until {end}"))


def date_in_brief(tongue: Tongue, line: Line, change: Change, measure: Measure) -> str:
    """For a subject line."""
    move, day = line.brief or line.move, say_day(tongue, _date(change), zone_of(measure.importer))
    if _turn_of(change) is Kind.THREAT_LAPSED:
        return tongue.say("{move}, deadline {day}", move=move, day=day)
    return tongue.say(line.how.start, move=move, start=day)


def _date(change: Change) -> Moment:
    return cast("Moment", change.effective_at)  # what the clock brings has its date


def _line(tongue: Tongue, change: Change, measure: Measure, move: str, last: str) -> Line:
    """`last` is what it comes to: the lead says what happens, where there is no room for more."""
    how = FROM if change.lead else SINCE
    dated = _say_when(tongue, move, change, measure, how)
    day = say_day(tongue, _date(change), zone_of(measure.importer))
    short = tongue.say(how.start, move=last, start=day)
    return Line(subject_of(tongue, measure), move, dated, how=how, short=short)


def _say_when(tongue: Tongue, move: str, change: Change, measure: Measure, how: Dating) -> str:
    zone, at, until = zone_of(measure.importer), _date(change), change.until
    if until is None:
        return tongue.say(how.start, move=move, start=say_moment(tongue, at, zone))
    first, end = say_first(tongue, at, until, zone), say_end(tongue, until, zone)
    return tongue.say(how.span, move=move, start=first, end=end)


# Turns of the rate


def _enter(tongue: Tongue, change: Change, measure: Measure) -> Line:
    new, importer = change.new, measure.importer
    last = say_rate(tongue, new, importer)
    if new is None:
        move = tongue.say("in force (rate not stated)")
    elif change.old is not None:
        move = say_rates(tongue, change.old, new, importer)
    else:
        status = cast("MeasureStanding", change.before).status
        rate = say_first_rate(tongue, new, importer)
        move = tongue.say(_FROM_NOTHING.get(status, _FROM_NONE), rate=rate)
    return _line(tongue, change, measure, move, last)


_FROM_NONE = noted("none → {rate}")
_FROM_NOTHING = {
    "in_force": noted("rate not stated → {rate}"),
    "suspended": noted("suspended → {rate}"),
}
"""What was suspended, or in force without a rate, is not the same as none."""


def _own(change: Change) -> Duty | None:
    """The measure's own rate, whatever applies of it."""
    return cast("MeasureStanding", change.after).duty


def _suspend(tongue: Tongue, change: Change, measure: Measure) -> Line:
    own, last = _own(change), tongue.say("suspended")
    move = tongue.say("{rate} suspended", rate=say_figure(tongue, own)) if own else last
    line = _line(tongue, change, measure, move, last)
    dated = line.dated
    if not change.until:
        dated = tongue.say("{move}, no end stated", move=dated)
    return replace(line, dated=add_meanwhile(tongue, dated, change.new))


def _resume(tongue: Tongue, change: Change, measure: Measure) -> Line:
    old, new = tongue.say("suspended"), tongue.say("in force again (rate not stated)")
    if change.old:
        old = tongue.say("{rate} while suspended", rate=say_figure(tongue, change.old))
    if rate := change.new or _own(change):
        new = tongue.say("{rate} again", rate=say_rate(tongue, rate, measure.importer))
    elif tongue.is_brief:
        new = tongue.say("in force again")
    return _line(tongue, change, measure, tongue.say("{old} → {new}", old=old, new=new), new)


def _end(tongue: Tongue, change: Change, measure: Measure) -> Line:
    before, after = (cast("MeasureStanding", view) for view in (change.before, change.after))
    how = _ENDINGS.get(after.status, _RUN_OUT)
    move = say_ending(tongue, how, change.old or before.duty)
    return _line(tongue, change, measure, move, say_ending(tongue, how, None))


_RUN_OUT = (noted("its term has run out"), noted("{rate} → none (its term has run out)"))
_ENDINGS = {
    "terminated": ENDINGS[Action.TERMINATED],
    "expired": ENDINGS[Action.EXPIRED],
    "struck_down": ENDINGS[Action.STRUCK_DOWN],
    "never_implemented": CANCELLED,
}


# Turns beside the rate


def _exempt(tongue: Tongue, change: Change, measure: Measure) -> Line:
    move, last = (say_exempt(tongue, old, measure.duty) for old in (change.new, None))
    return _line(tongue, change, measure, move, last)


def _end_exemption(tongue: Tongue, change: Change, measure: Measure) -> Line:
    last = say_rate(tongue, change.new, measure.importer)
    move = say_dutiable(tongue, change.new, measure.importer)
    return _line(tongue, change, measure, move, last)


def _close_window(tongue: Tongue, change: Change, measure: Measure) -> Line:
    """Whose goods on their way are let off no longer."""
    zone, start, dates = zone_of(measure.importer), _date(change), in_transit(measure)
    rate, at = say_rate(tongue, change.new, measure.importer), say_moment(tongue, start, zone)
    subject = subject_of(tongue, measure)
    if dates.get("entered_before") != start:
        dated = tongue.say(_LOADED.span, move=rate, start=at)
        return Line(subject, rate, dated, how=_LOADED)
    dated = tongue.say(_ENTERED.span, move=rate, start=at)
    if loaded := dates.get("loaded_before"):
        day = say_moment(tongue, loaded, zone)
        dated = tongue.say(_UNDER_WAY, rate=rate, loaded=day, start=at)
    return Line(subject, rate, dated, how=_ENTERED, short=_say_closing(tongue, rate, change, zone))


def _say_closing(tongue: Tongue, rate: str, change: Change, zone: str) -> str:
    day = say_day(tongue, _date(change), zone)
    if change.lead:
        return tongue.say("in-transit window closes {day}", day=day)
    return tongue.say("{rate} in transit since {day}", rate=rate, day=day)


_LOADED = Dating(
    noted("{move} also if loaded from {start}"),
    noted("{move} also on goods loaded from {start}"),
)
_ENTERED = Dating(
    noted("{move} also on goods in transit from {start}"),
    noted("{move} also on goods in transit that enter from {start}"),
)
"""In a subject line, and in a sentence."""
_UNDER_WAY = noted("{rate} also on goods loaded before {loaded} that enter from {start}")


def _await_deadline(tongue: Tongue, change: Change, measure: Measure) -> Line:
    """Where there is no room, the lead says that the deadline has passed, or how far it is."""
    line = threaten(tongue, change, measure)
    return replace(line, short=line.move)


_TURNS: dict[Kind, Callable[[Tongue, Change, Measure], Line]] = {
    Kind.ENTERED_INTO_FORCE: _enter,
    Kind.SUSPENDED: _suspend,
    Kind.RESUMED: _resume,
    Kind.ENDED: _end,
    Kind.EXEMPTION_GRANTED: _exempt,
    Kind.EXEMPTION_ENDED: _end_exemption,
    Kind.THREAT_LAPSED: _await_deadline,
    Kind.IN_TRANSIT_CLOSED: _close_window,
}
