"""The parts of a sentence on a measure, and the figures and dates that they are made of."""

from dataclasses import dataclass

from service.core.change import Change
from service.core.duty import Basis, Duty
from service.core.event import Action, Measure
from service.core.language import Tongue, noted
from service.core.moment import Moment
from service.core.sentence.phrase import (
    say_day,
    say_end,
    say_first,
    say_goods,
    say_moment,
    zone_of,
)
from service.core.sentence.rates import say_rate
from service.core.standing import MeasureStanding


@dataclass(frozen=True, slots=True)
class Dating:
    """How a move is dated: with a start alone, and with a start and an end."""

    start: str
    span: str


FROM = Dating(noted("{move} from {start}"), noted("{move} from {start} until {end}"))
AS_OF = Dating(noted("{move} as of {start}"), noted("{move} as of {start} until {end}"))
POSSIBLE = Dating(
    noted("{move}, possible from {start}"), noted("{move}, possible from {start} until {end}")
)


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence in its parts: whose duty on which goods, and what happens to it.

    `dated` is the move with its dates and conditions, without a full stop. `brief` stands instead
    of `move` in a subject line, which dates it by itself, as `how` says; `short` where there is no
    room even for that.
    """

    subject: str
    move: str
    dated: str = ""
    notes: tuple[str, ...] = ()
    brief: str = ""
    how: Dating = FROM
    short: str = ""

    def clause(self, tongue: Tongue) -> str:
        """Without notes and full stop, for quoting."""
        return tongue.say("{duty}: {move}", duty=self.subject, move=self.dated or self.move)


def subject_of(tongue: Tongue, measure: Measure) -> str:
    """Whose duty on whose goods: the direction is never left to be guessed."""
    return say_subject(tongue, measure.importer, say_goods(tongue, measure.origin, measure.product))


def say_subject(tongue: Tongue, importer: str, goods: str) -> str:
    """As "US duty on goods of China"."""
    levy, name = tongue.name(importer).levy, tongue.name(importer).other
    return tongue.say(
        "{levy} on {goods}", levy=levy or tongue.say("Duty of {country}", country=name), goods=goods
    )


def stated_of(change: Change, measure: Measure) -> Duty | None:
    """The figure that the event is about; a restated total reads on the basis it restates."""
    duty = measure.duty
    if duty is None:
        return change.new if measure.moves_law and measure.action in RATES else None
    if duty.basis is not Basis.COMPONENT_TOTAL:
        return duty
    like = change.new or change.old or own_of(change)
    return duty.on_basis(like.basis if like else Basis.ADDITIONAL)


def own_of(change: Change) -> Duty | None:
    """The rate that stood for the measure itself before the change, in force or not."""
    view = change.before
    return view.duty if isinstance(view, MeasureStanding) else None


def standing_rate(change: Change) -> Duty | None:
    """What is payable, or would be: at the instant of effect, else now."""
    view = change.after
    after = view.duty if isinstance(view, MeasureStanding) else None
    return change.old or own_of(change) or after


RATES = frozenset(
    {
        Action.IMPOSED,
        Action.INCREASED,
        Action.DECREASED,
        Action.AMENDED,
        Action.CORRECTED,
        Action.DETERMINATION_PRELIMINARY,
        Action.DETERMINATION_FINAL,
    }
)
"""Actions that state the measure's own rate."""


# Dates


def date_move(
    tongue: Tongue, move: str, change: Change, measure: Measure, how: Dating = FROM
) -> str:
    """As "84 % → 125 % from 7 Aug 2025 00:01 New York, retroactively (announced 4 Sep 2025)"."""
    zone = zone_of(measure.importer)
    said = _say_span(tongue, move, measure, how)
    if measure.expires_at:
        end = say_end(tongue, measure.expires_at, zone)
        said = tongue.say("{move}, valid until {end}", move=said, end=end)
    if change.retroactive:
        day = say_day(tongue, measure.announced_at or Moment(change.known_at), zone)
        said = tongue.say("{move}, retroactively (announced {day})", move=said, day=day)
    return said


def _say_span(tongue: Tongue, move: str, measure: Measure, how: Dating) -> str:
    zone, start, until = zone_of(measure.importer), measure.effective_at, measure.until
    if until is None:
        if start is None:
            return tongue.say("{move}, date not stated", move=move)
        return tongue.say(how.start, move=move, start=say_moment(tongue, start, zone))
    end = say_end(tongue, until, zone)
    if start is None:
        return tongue.say("{move} until {end}, start not stated", move=move, end=end)
    first = say_first(tongue, start, until, zone)
    return tongue.say(how.span, move=move, start=first, end=end)


# What stands


def say_law_now(tongue: Tongue, change: Change) -> str:
    """What a claim leaves as it was; nothing where no such duty is law."""
    standing = say_standing(tongue, change)
    return tongue.say("Law now: {standing}.", standing=standing) if standing else ""


def say_standing(tongue: Tongue, change: Change) -> str:
    """As "34 %, suspended until 12 Aug 2025 00:01 New York"; empty where nothing stands."""
    view = change.after
    if not isinstance(view, MeasureStanding) or not view.law:
        return ""
    zone = zone_of(view.importer)
    known = view.applied if view.status == "in_force" and view.applied else view.duty
    rate = say_rate(tongue, known, view.importer)
    if view.status == "suspended" and view.until:
        end = say_end(tongue, view.until, zone)
        return tongue.say("{rate}, suspended until {end}", rate=rate, end=end)
    if view.status == "scheduled" and view.effective_at:
        start = say_moment(tongue, view.effective_at, zone)
        return tongue.say("{rate} from {start}", rate=rate, start=start)
    state = _STATES.get(view.status)
    return tongue.say(state, rate=rate) if state else rate


_STATES = {
    "provisional": noted("{rate}, provisional"),
    "suspended": noted("{rate}, suspended"),
    "announced": noted("{rate}, announced without a date"),
    "terminated": noted("{rate}, terminated"),
    "expired": noted("{rate}, expired"),
    "struck_down": noted("{rate}, struck down"),
    "never_implemented": noted("{rate}, never in force"),
    "authorised_not_applied": noted("{rate}, authorised and not applied"),
    "under_investigation": noted("{rate}, under investigation"),
}
