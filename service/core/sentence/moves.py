"""What happened to a measure, in words: one function for each action."""

from collections.abc import Callable

from service.core.change import Change, Kind
from service.core.duty import Duty
from service.core.event import Action, Measure
from service.core.language import Tongue, noted
from service.core.moment import Moment
from service.core.sentence.dates import delay, move_start
from service.core.sentence.line import (
    AS_OF,
    FROM,
    POSSIBLE,
    RATES,
    Line,
    date_move,
    own_of,
    say_law_now,
    standing_rate,
    stated_of,
    subject_of,
)
from service.core.sentence.phrase import (
    say_day,
    say_end,
    say_former_end,
    say_moment,
    zone_of,
)
from service.core.sentence.rates import say_figure, say_first_rate, say_rate, say_rates
from service.core.sentence.threats import threaten, withdraw
from service.core.standing import MeasureStanding

Move = Callable[[Tongue, Change, Measure], Line]


def _move_rate(tongue: Tongue, change: Change, measure: Measure) -> Line:
    stated = stated_of(change, measure)
    if change.headline is Kind.EFFECTIVE_DATE_MOVED and measure.moves_law:
        return move_start(tongue, change, measure)
    if stated is None:
        move, short = _say_unstated(tongue, measure)
    else:
        move, short = _say_from(tongue, change.old, stated, measure), ""
    dated = date_move(tongue, move, change, measure)
    notes = (_say_payable(tongue, change, stated, measure),)
    return Line(subject_of(tongue, measure), move, dated, notes, short=short)


def _say_unstated(tongue: Tongue, measure: Measure) -> tuple[str, str]:
    if measure.action is Action.IMPOSED:
        return tongue.say("new, rate not stated"), tongue.say("new")
    return tongue.say("changed, rate not stated"), tongue.say("changed")


def _say_from(tongue: Tongue, old: Duty | None, new: Duty, measure: Measure) -> str:
    importer = measure.importer
    if old is None:
        rate = say_first_rate(tongue, new, importer)
        return tongue.say(_WITHOUT_OLD[measure.action], rate=rate)
    if old == new:
        return tongue.say("{rate}, as before", rate=say_rate(tongue, new, importer))
    return say_rates(tongue, old, new, importer)


_SET, _FROM_NONE = noted("set to {rate}"), noted("none → {rate}")
_WITHOUT_OLD = {
    Action.IMPOSED: _FROM_NONE,
    Action.INCREASED: noted("raised to {rate}"),
    Action.DECREASED: noted("lowered to {rate}"),
    Action.AMENDED: _SET,
    Action.CORRECTED: _SET,
    Action.DETERMINATION_PRELIMINARY: noted("none → provisionally {rate}"),
    Action.DETERMINATION_FINAL: _FROM_NONE,
}


def _say_payable(tongue: Tongue, change: Change, stated: Duty | None, measure: Measure) -> str:
    """Where a pause covers the start, the new rate is not what is paid."""
    if change.new is None or stated is None or not measure.moves_law:
        return ""
    if change.new.percent == stated.percent:
        return ""
    rate = say_rate(tongue, change.new, measure.importer)
    return tongue.say("Payable then: {rate}.", rate=rate)


# Pauses


def _suspend(tongue: Tongue, change: Change, measure: Measure) -> Line:
    own, stated = standing_rate(change), stated_of(change, measure)
    move = tongue.say("suspended")
    if own:
        move = tongue.say("{rate} suspended", rate=say_figure(tongue, own))
    dated = date_move(tongue, move, change, measure)
    if measure.effective_at and not measure.until:
        dated = tongue.say("{move}, no end stated", move=dated)
    return Line(
        subject_of(tongue, measure),
        move,
        add_meanwhile(tongue, dated, stated),
        brief=_brief_pause(tongue, own, stated),
    )


def _brief_pause(tongue: Tongue, own: Duty | None, stated: Duty | None) -> str:
    new = tongue.say("suspended")
    if stated:
        new = tongue.say("{rate} while suspended", rate=say_figure(tongue, stated))
    return tongue.say("{old} → {new}", old=say_figure(tongue, own), new=new) if own else new


def add_meanwhile(tongue: Tongue, dated: str, duty: Duty | None) -> str:
    """What is paid while it is suspended, if that was stated."""
    if duty is None:
        return dated
    rate = say_figure(tongue, duty)
    return tongue.say("{move}; {rate} applies meanwhile", move=dated, rate=rate)


def _extend(tongue: Tongue, change: Change, measure: Measure) -> Line:
    own, ahead = own_of(change), _start_ahead(change)
    rate = say_figure(tongue, own) if own else ""
    bare, whole = _STAYS
    if ahead:
        bare, whole = _WILL_BE_SUSPENDED
    elif isinstance(change.after, MeasureStanding) and change.after.pauses:
        bare, whole = _STAYS_SUSPENDED
    move = tongue.say(whole, rate=rate) if own else tongue.say(bare)
    dated = move
    if ahead:
        start = say_moment(tongue, ahead, zone_of(measure.importer))
        dated = tongue.say(FROM.start, move=move, start=start)
    dated = _say_new_end(tongue, dated, change, measure)
    return Line(
        subject_of(tongue, measure), move, add_meanwhile(tongue, dated, stated_of(change, measure))
    )


_STAYS = noted("stays"), noted("{rate} stays")
_STAYS_SUSPENDED = noted("stays suspended"), noted("{rate} stays suspended")
_WILL_BE_SUSPENDED = noted("will be suspended"), noted("{rate} will be suspended")
"""Where no rate is known, and with it."""


def _start_ahead(change: Change) -> Moment | None:
    """When the pause that is made longer or shorter begins; None where it has begun, or is none."""
    view = change.before
    if not isinstance(view, MeasureStanding) or view.status == "suspended" or not view.pauses:
        return None
    start = view.pauses[-1].start
    for one in reversed(view.pauses[:-1]):  # each that goes on where the next begins is of the same
        if one.until and one.until.at >= start.at > one.start.at:
            start = one.start
    return start if start.at > change.known_at else None


def former_end(change: Change) -> Moment | None:
    """The end that an extension moves, as far as one was stated."""
    view = change.before
    if change.moved_from or not isinstance(view, MeasureStanding):
        return change.moved_from
    return view.pauses[-1].until if view.pauses else view.until or view.expires_at


def _say_new_end(tongue: Tongue, move: str, change: Change, measure: Measure) -> str:
    zone, until, former = zone_of(measure.importer), measure.until, former_end(change)
    if until is None:
        return tongue.say("{move}, end not stated", move=move)
    new = say_end(tongue, until, zone)
    if former is None or former.is_same_start(until):
        return tongue.say("{move} until {end}", move=move, end=new)
    old = say_former_end(tongue, former, until, zone)
    if until.at < former.at:
        return tongue.say("{move} only until {new} instead of {old}", move=move, old=old, new=new)
    return tongue.say("{move} until {new} instead of {old}", move=move, old=old, new=new)


def _resume(tongue: Tongue, change: Change, measure: Measure) -> Line:
    duty = change.new or stated_of(change, measure) or standing_rate(change)
    if duty:
        is_former = duty == own_of(change)
        text = noted("suspended → {rate} again") if is_former else noted("suspended → {rate}")
        move = tongue.say(text, rate=say_rate(tongue, duty, measure.importer))
    else:
        move = tongue.say("suspended → back in force")
    return Line(subject_of(tongue, measure), move, date_move(tongue, move, change, measure))


# Scope


def _exempt(tongue: Tongue, change: Change, measure: Measure) -> Line:
    move = say_exempt(tongue, standing_rate(change), stated_of(change, measure))
    return _as_of(tongue, move, change, measure)


def say_exempt(tongue: Tongue, own: Duty | None, owed: Duty | None) -> str:
    """From the `own` rate to what is `owed` all the same, if anything is."""
    move = tongue.say("exempt")
    if owed and owed.percent != 0:
        move = say_figure(tongue, owed)
    return tongue.say("{old} → {new}", old=say_figure(tongue, own), new=move) if own else move


def _end_exemption(tongue: Tongue, change: Change, measure: Measure) -> Line:
    owed = stated_of(change, measure) or change.new
    return _as_of(tongue, say_dutiable(tongue, owed, measure.importer), change, measure)


def say_dutiable(tongue: Tongue, owed: Duty | None, importer: str) -> str:
    """What was let off, and is no longer."""
    if owed:
        return tongue.say("exempt → {rate}", rate=say_rate(tongue, owed, importer))
    if tongue.is_brief:
        return tongue.say("exempt → dutiable")
    return tongue.say("exempt → dutiable, rate not stated")


def _rescope(tongue: Tongue, change: Change, measure: Measure) -> Line:
    rate = say_rate(tongue, stated_of(change, measure) or standing_rate(change), measure.importer)
    if measure.action is Action.SCOPE_EXTENDED:
        move = tongue.say("not covered → {rate}", rate=rate)
    else:
        move = tongue.say("{rate} → no longer covered", rate=rate)
    return _as_of(tongue, move, change, measure)


def _as_of(tongue: Tongue, move: str, change: Change, measure: Measure) -> Line:
    dated = date_move(tongue, move, change, measure, AS_OF)
    return Line(subject_of(tongue, measure), move, dated, how=AS_OF)


# Ends, courts and authorities


def _end(tongue: Tongue, change: Change, measure: Measure) -> Line:
    how = CANCELLED if _never_began(change, measure) else ENDINGS[measure.action]
    return _as_of(tongue, say_ending(tongue, how, standing_rate(change)), change, measure)


def say_ending(tongue: Tongue, how: tuple[str, str], known: Duty | None) -> str:
    """By `how` it ends: where no rate is known, and with it."""
    bare, whole = how
    return tongue.say(whole, rate=say_figure(tongue, known)) if known else tongue.say(bare)


def _never_began(change: Change, measure: Measure) -> bool:
    view, end = change.before, measure.effective_at or measure.announced_at
    start = view.effective_at if isinstance(view, MeasureStanding) else None
    return start is not None and end is not None and end.at <= start.at


CANCELLED = (
    noted("cancelled before it began"),
    noted("{rate} → none (cancelled before it began)"),
)
ENDINGS = {
    Action.TERMINATED: (noted("terminated"), noted("{rate} → none (terminated)")),
    Action.EXPIRED: (noted("expired"), noted("{rate} → none (expired)")),
    Action.STRUCK_DOWN: (
        noted("struck down in court"),
        noted("{rate} → none (struck down in court)"),
    ),
}
"""As `say_ending` takes them."""


def _rule(tongue: Tongue, change: Change, measure: Measure) -> Line:
    rate = say_figure(tongue, standing_rate(change))
    found = measure.effective_at or measure.announced_at
    move = tongue.say("ruled unlawful")
    dated = _date_act(tongue, move, found, measure)
    whole, brief = _RULINGS[measure.stayed]
    note = "" if measure.stayed is False else say_law_now(tongue, change)
    return Line(
        subject_of(tongue, measure),
        move,
        tongue.say(whole, move=dated, rate=rate),
        (note,),
        brief=tongue.say(brief, rate=rate),
    )


_RULINGS = {
    True: (noted("{move}; stayed, so nothing changes yet"), noted("ruled unlawful, stayed")),
    False: (noted("{move}; {rate} → none"), noted("ruled unlawful, {rate} → none")),
    None: (noted("{move}; effect not stated"), noted("ruled unlawful")),
}
"""By whether the ruling is stayed: in a sentence, and in a subject line."""


def _authorise(tongue: Tongue, change: Change, measure: Measure) -> Line:
    rate = say_rate(tongue, measure.duty, measure.importer)
    move = tongue.say("{rate} authorised, not applied yet", rate=rate)
    dated = date_move(tongue, move, change, measure, POSSIBLE)
    brief = tongue.say("{rate} authorised", rate=rate)
    return Line(subject_of(tongue, measure), move, dated, brief=brief, how=POSSIBLE)


def _investigate(tongue: Tongue, change: Change, measure: Measure) -> Line:
    opened = measure.announced_at or measure.effective_at
    move = tongue.say("investigation opened")
    dated = _date_act(tongue, move, opened, measure)
    view = change.after
    owed = view.applied if isinstance(view, MeasureStanding) else None
    if owed:
        rate = say_rate(tongue, owed, measure.importer)
        dated = tongue.say("{move}; {rate} meanwhile", move=dated, rate=rate)
    else:
        dated = tongue.say("{move}; no duty yet", move=dated)
    return Line(subject_of(tongue, measure), move, dated)


def _date_act(tongue: Tongue, move: str, when: Moment | None, measure: Measure) -> str:
    if when is None:
        return move
    day = say_day(tongue, when, zone_of(measure.importer))
    return tongue.say("{move} on {day}", move=move, day=day)


MOVES: dict[Action, Move] = {
    **dict.fromkeys(RATES, _move_rate),
    Action.SCOPE_EXTENDED: _rescope,
    Action.SCOPE_REDUCED: _rescope,
    Action.EXEMPTED: _exempt,
    Action.EXEMPTION_ENDED: _end_exemption,
    Action.SUSPENDED: _suspend,
    Action.RESUMED: _resume,
    Action.DELAYED: delay,
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
