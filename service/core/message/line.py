"""The parts of a sentence on a measure, and the figures and dates that they are made of."""

from dataclasses import dataclass

from service.core.change import Change
from service.core.codes import importer_label
from service.core.duty import Basis, Duty
from service.core.event import Action, Measure
from service.core.message.phrase import say_day, say_goods, say_moment, say_rate, say_span, zone_of
from service.core.moment import Moment
from service.core.standing import MeasureStanding


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence in its parts; `when` follows `move` without a space of its own."""

    subject: str
    move: str
    when: str = ""
    lead: str = ""
    notes: tuple[str, ...] = ()
    brief: str = ""  # instead of `move` in a subject line

    def __str__(self) -> str:
        said = f"{self.lead}{self.subject}: {self.move}{self.when}."
        return " ".join([said, *(note for note in self.notes if note)])

    @property
    def clause(self) -> str:
        """Without lead and notes, for quoting."""
        return f"{self.subject}: {self.move}{self.when}"


def subject_of(measure: Measure) -> str:
    """Whose duty on whose goods: the direction is never left to be guessed."""
    return (
        f"{importer_label(measure.importer)} duty on {say_goods(measure.origin, measure.product)}"
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


def say_when(change: Change, measure: Measure, word: str = "from") -> str:
    """As " from 7 Aug 2025 00:01 New York, retroactively (announced 4 Sep 2025)"."""
    zone = zone_of(measure.importer)
    start, until = measure.effective_at, measure.until
    if start and until:
        said = f" {word} {say_span(start, until, zone)}"
    else:
        said = f" {word} {say_moment(start, zone)}" if start else ", date not stated"
        said += f" until {say_moment(until, zone)}" if until else ""
    if measure.expires_at:
        said += f", expiring {say_moment(measure.expires_at, zone)}"
    if change.retroactive:
        announced = measure.announced_at or Moment(change.known_at)
        said += f", retroactively (announced {say_day(announced, zone)})"
    return said


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


def say_law_now(change: Change, lead: str = "Law now") -> str:
    """What a claim leaves as it was; nothing where no such duty is law."""
    view = change.after
    if not isinstance(view, MeasureStanding) or not view.law:
        return ""
    zone = zone_of(view.importer)
    state = _STATES.get(view.status, view.status.replace("_", " "))
    rate = view.applied if view.status == "in_force" and view.applied else view.duty
    said = f"{lead}: {say_rate(rate, view.importer)}{state}"
    if view.status == "suspended" and view.until:
        said += f" until {say_moment(view.until, zone)}"
    if view.status == "scheduled" and view.effective_at:
        said += f" from {say_moment(view.effective_at, zone)}"
    return said + "."


_STATES = {
    "in_force": "",
    "scheduled": "",
    "provisional": ", provisional",
    "suspended": ", suspended",
    "announced": ", announced without a date",
    "terminated": ", terminated",
    "expired": ", expired",
    "struck_down": ", struck down",
    "authorised_not_applied": ", authorised and not applied",
    "under_investigation": ", under investigation",
}
