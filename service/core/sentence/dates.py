"""Dates that move, in words: a start, an end or a pause that is put off, or brought forward."""

from service.core.change import Change
from service.core.event import Measure
from service.core.language import Tongue, noted
from service.core.moment import Moment
from service.core.sentence.line import (
    Dating,
    Line,
    standing_rate,
    stated_of,
    subject_of,
)
from service.core.sentence.phrase import (
    say_first,
    say_moment,
    zone_of,
)
from service.core.sentence.rates import say_rate
from service.core.standing import MeasureStanding


def move_start(tongue: Tongue, change: Change, measure: Measure) -> Line:
    """The rate begins sooner or later than was said."""
    rate = say_rate(tongue, stated_of(change, measure) or standing_rate(change), measure.importer)
    start, moved = measure.effective_at, change.moved_from
    is_sooner = moved is not None and start is not None and start.at < moved.at
    way = SOONER if is_sooner else LATER
    return Line(
        subject_of(tongue, measure),
        tongue.say(way.start, rate=rate),
        _say_moved(tongue, change, measure, rate, way.span),
        (_say_meanwhile(tongue, change, measure),),
        how=TO,
    )


def delay(tongue: Tongue, change: Change, measure: Measure) -> Line:
    """What is put off may be the end of a duty, or its pause: then the duty stays in force."""
    put_off = _find_put_off(change)
    if put_off is None:
        return move_start(tongue, change, measure)
    (bare, dated, undated), old, new = put_off
    zone = zone_of(measure.importer)
    move = tongue.say(undated)
    if new:
        first, then = say_first(tongue, old, new, zone), say_moment(tongue, new, zone)
        move = tongue.say(dated, old=first, new=then)
    note = _say_meanwhile(tongue, change, measure)
    return Line(subject_of(tongue, measure), tongue.say(bare), move, (note,), how=TO)


Moved = tuple[tuple[str, str, str], Moment, Moment | None]
"""Its words, from when, and to when if that is known."""


def _find_put_off(change: Change) -> Moved | None:
    before, after = change.before, change.after
    if not isinstance(before, MeasureStanding) or not isinstance(after, MeasureStanding):
        return None
    if before.expires_at and before.expires_at != after.expires_at:
        return _END_PUT_OFF, before.expires_at, after.expires_at
    gone = [one for one in before.pauses if one not in after.pauses]
    come = [one.start for one in after.pauses if one not in before.pauses]
    return (_PAUSE_PUT_OFF, gone[0].start, next(iter(come), None)) if gone else None


_END_PUT_OFF = (
    noted("end postponed"),
    noted("end postponed from {old} to {new}"),
    noted("end postponed, new date not stated"),
)
_PAUSE_PUT_OFF = (
    noted("suspension postponed"),
    noted("suspension postponed from {old} to {new}"),
    noted("suspension postponed, new date not stated"),
)


TO = Dating(noted("{move} to {start}"), noted("{move} to {start}, until {end}"))
SOONER = Dating(
    noted("{rate} brought forward"), noted("{rate} brought forward from {old} to {new}")
)
LATER = Dating(noted("{rate} postponed"), noted("{rate} postponed from {old} to {new}"))


def _say_moved(tongue: Tongue, change: Change, measure: Measure, rate: str, both: str) -> str:
    zone, start, moved = zone_of(measure.importer), measure.effective_at, change.moved_from
    if start and moved:
        old = say_first(tongue, moved, start, zone)
        return tongue.say(both, rate=rate, old=old, new=say_moment(tongue, start, zone))
    if start:
        return tongue.say(
            "{rate} postponed to {new}", rate=rate, new=say_moment(tongue, start, zone)
        )
    if moved:
        old = say_moment(tongue, moved, zone)
        return tongue.say("{rate} postponed from {old}, new date not stated", rate=rate, old=old)
    return tongue.say("{rate} postponed, new date not stated", rate=rate)


def _say_meanwhile(tongue: Tongue, change: Change, measure: Measure) -> str:
    view = change.after
    applied = view.applied if isinstance(view, MeasureStanding) else None
    if applied is None or applied == stated_of(change, measure):
        return ""
    rate = say_rate(tongue, applied, measure.importer)
    return tongue.say("Until then {rate} applies.", rate=rate)
