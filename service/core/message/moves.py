"""What happened to a measure, in words: one function for each action."""

from collections.abc import Callable

from service.core.change import Change, Kind
from service.core.duty import Basis, Duty
from service.core.event import Action, Measure
from service.core.message.line import (
    RATES,
    Line,
    own_of,
    say_law_now,
    say_when,
    standing_rate,
    stated_of,
    subject_of,
)
from service.core.message.phrase import (
    say_day,
    say_figure,
    say_moment,
    say_rate,
    say_rates,
    say_shift,
    zone_of,
)
from service.core.message.threats import threaten, withdraw
from service.core.standing import MeasureStanding


def _move_rate(change: Change, measure: Measure) -> Line:
    stated = stated_of(change, measure)
    if change.headline is Kind.EFFECTIVE_DATE_MOVED and measure.moves_law:
        return _move_start(change, measure)
    if stated is None:
        move = (
            "new, rate not stated"
            if measure.action is Action.IMPOSED
            else "changed, rate not stated"
        )
    else:
        move = _say_from(change.old, stated, measure)
    notes = (_say_payable(change, stated, measure),)
    return Line(subject_of(measure), move, say_when(change, measure), notes=notes)


def _say_from(old: Duty | None, new: Duty, measure: Measure) -> str:
    if old is None:
        return _WITHOUT_OLD[measure.action] + _say_full(new, measure)
    if old == new:
        return f"{say_rate(new, measure.importer)}, as before"
    return say_rates(old, new, measure.importer)


_WITHOUT_OLD = {
    Action.IMPOSED: "none → ",
    Action.INCREASED: "raised to ",
    Action.DECREASED: "lowered to ",
    Action.AMENDED: "set to ",
    Action.CORRECTED: "set to ",
    Action.DETERMINATION_PRELIMINARY: "none → provisionally ",
    Action.DETERMINATION_FINAL: "none → ",
}


def _say_full(duty: Duty, measure: Measure) -> str:
    """A first figure says what it comes on top of; one that moves does not repeat it."""
    extra = ON_TOP if duty.components and duty.basis is Basis.ADDITIONAL else ""
    return say_rate(duty, measure.importer) + extra


ON_TOP = " on top of other duties"


def _say_payable(change: Change, stated: Duty | None, measure: Measure) -> str:
    """Where a pause covers the start, the new rate is not what is paid."""
    if change.new is None or stated is None or not measure.moves_law:
        return ""
    if change.new.percent == stated.percent:
        return ""
    return f"Payable then: {say_rate(change.new, measure.importer)}."


def _move_start(change: Change, measure: Measure) -> Line:
    zone, start = zone_of(measure.importer), measure.effective_at
    stated = say_rate(stated_of(change, measure) or standing_rate(change), measure.importer)
    moved = change.moved_from
    word = "brought forward" if moved and start and start.at < moved.at else "postponed"
    if start:
        when = (
            f" from {say_shift(moved, start, zone)}" if moved else f" to {say_moment(start, zone)}"
        )
    else:
        when = (f" from {say_moment(moved, zone)}" if moved else "") + ", new date not stated"
    return Line(
        subject_of(measure), f"{stated} {word}", when, notes=(_say_meanwhile(change, measure),)
    )


def _say_meanwhile(change: Change, measure: Measure) -> str:
    view = change.after
    applied = view.applied if isinstance(view, MeasureStanding) else None
    if applied is None or applied == stated_of(change, measure):
        return ""
    return f"Until then {say_rate(applied, measure.importer)} applies."


def _suspend(change: Change, measure: Measure) -> Line:
    own, stated = standing_rate(change), stated_of(change, measure)
    old = f"{say_figure(own)} " if own else ""
    brief = f"{say_figure(stated)} while suspended" if stated else "suspended"
    when = say_when(change, measure)
    if measure.effective_at and not measure.until:
        when += ", no end stated"
    return Line(
        subject_of(measure),
        f"{old}suspended",
        when + _say_in_its_place(stated),
        brief=f"{old}→ {brief}" if old else brief,
    )


def _say_in_its_place(duty: Duty | None) -> str:
    return f"; {say_figure(duty)} applies meanwhile" if duty else ""


def _extend(change: Change, measure: Measure) -> Line:
    zone, until, moved = zone_of(measure.importer), measure.until, change.moved_from
    paused = isinstance(change.after, MeasureStanding) and change.after.pauses
    own = f"{say_figure(own_of(change))} " if own_of(change) else ""
    move = f"{own}stays suspended" if paused else f"{own}stays"
    when = f" until {say_moment(until, zone)}" if until else ", end not stated"
    if until and moved:
        when = f", end moved from {say_shift(moved, until, zone)}"
    return Line(subject_of(measure), move, when + _say_in_its_place(stated_of(change, measure)))


def _resume(change: Change, measure: Measure) -> Line:
    rate = say_rate(change.new or standing_rate(change), measure.importer)
    return Line(subject_of(measure), f"suspended → {rate} again", say_when(change, measure))


def _exempt(change: Change, measure: Measure) -> Line:
    owed = stated_of(change, measure)
    let_off = say_figure(owed) if owed and owed.percent != 0 else "exempt"
    own = standing_rate(change)
    move = f"{say_figure(own)} → {let_off}" if own else let_off
    return Line(subject_of(measure), move, say_when(change, measure, "as of"))


def _end_exemption(change: Change, measure: Measure) -> Line:
    owed = stated_of(change, measure) or change.new
    move = f"exempt → {say_rate(owed, measure.importer) if owed else 'dutiable, rate not stated'}"
    return Line(subject_of(measure), move, say_when(change, measure, "as of"))


def _rescope(change: Change, measure: Measure) -> Line:
    rate = say_rate(stated_of(change, measure) or standing_rate(change), measure.importer)
    extended = measure.action is Action.SCOPE_EXTENDED
    move = f"not covered → {rate}" if extended else f"{rate} → no longer covered"
    return Line(subject_of(measure), move, say_when(change, measure, "as of"))


def _end(change: Change, measure: Measure) -> Line:
    how = "cancelled before it began" if _never_began(change, measure) else _ENDINGS[measure.action]
    rate = say_figure(standing_rate(change))
    return Line(subject_of(measure), f"{rate} → none ({how})", say_when(change, measure, "as of"))


def _never_began(change: Change, measure: Measure) -> bool:
    view, end = change.before, measure.effective_at or measure.announced_at
    start = view.effective_at if isinstance(view, MeasureStanding) else None
    return start is not None and end is not None and end.at <= start.at


_ENDINGS = {
    Action.TERMINATED: "terminated",
    Action.EXPIRED: "expired",
    Action.STRUCK_DOWN: "struck down in court",
}


def _rule(change: Change, measure: Measure) -> Line:
    rate = say_figure(standing_rate(change))
    found = measure.effective_at or measure.announced_at
    when = f" on {say_day(found, zone_of(measure.importer))}" if found else ""
    effect, brief = {
        True: ("; stayed, so nothing changes yet", " (stayed)"),
        False: (f"; {rate} → none", f", {rate} → none"),
        None: ("; effect not stated", ""),
    }[measure.stayed]
    note = "" if measure.stayed is False else say_law_now(change)
    subject, move = subject_of(measure), "ruled unlawful"
    return Line(subject, move, when + effect, notes=(note,), brief=move + brief)


def _authorise(change: Change, measure: Measure) -> Line:
    move = f"{say_rate(measure.duty, measure.importer)} authorised, not applied yet"
    when = say_when(change, measure, "possible from")
    return Line(subject_of(measure), move, f",{when}" if measure.effective_at else when)


def _investigate(change: Change, measure: Measure) -> Line:
    opened = measure.announced_at or measure.effective_at
    when = f" on {say_day(opened, zone_of(measure.importer))}" if opened else ""
    owed = stated_of(change, measure)
    duty = f"; {say_rate(owed, measure.importer)} meanwhile" if owed else "; no duty yet"
    return Line(subject_of(measure), "investigation opened", when + duty)


MOVES: dict[Action, Callable[[Change, Measure], Line]] = {
    **dict.fromkeys(RATES, _move_rate),
    Action.SCOPE_EXTENDED: _rescope,
    Action.SCOPE_REDUCED: _rescope,
    Action.EXEMPTED: _exempt,
    Action.EXEMPTION_ENDED: _end_exemption,
    Action.SUSPENDED: _suspend,
    Action.RESUMED: _resume,
    Action.DELAYED: _move_start,
    Action.EXTENDED: _extend,
    Action.TERMINATED: _end,
    Action.EXPIRED: _end,
    Action.STRUCK_DOWN: _end,
    Action.RULED_UNLAWFUL: _rule,
    Action.AUTHORISED: _authorise,
    Action.INVESTIGATION_OPENED: _investigate,
    Action.THREATENED: threaten,
    Action.THREAT_WITHDRAWN: withdraw,
}
