"""The standing without an event and with it, and what differs between the two."""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from service.core.duty import Basis, Duty, points_between
from service.core.event import Action, ClaimAssessed, Measure, NegotiationStep
from service.core.moment import Moment
from service.core.standing import MeasureStanding, Standing, TrackStanding
from service.core.standing.book import Book
from service.core.standing.measure import OVER


@dataclass(frozen=True, slots=True)
class Views:
    """The standing without and with the event: now, and at the instant of its effect."""

    before: Standing | None
    after: Standing | None
    old: Duty | None
    new: Duty | None


def instant_of(moment: Moment | None) -> datetime | None:
    """Only the instant: who stated it more finely makes no difference."""
    return moment.at if moment else None


def differ(one: Standing | None, other: Standing | None) -> bool:
    """In anything observable. Mostly it is the figure, so that is looked at first."""
    if (
        isinstance(one, MeasureStanding)
        and isinstance(other, MeasureStanding)
        and _figures(one.applied) != _figures(other.applied)
    ):
        return True
    return observable(one) != observable(other)


def observable(view: Standing | None) -> Hashable:
    """What an alert could be about: figures, dates, scope, certainty; not who else said so."""
    if view is None:
        return None
    if isinstance(view, TrackStanding):
        hearsay = frozenset(
            (one.stage, instant_of(one.occurs_at))
            for one in view.steps
            if not one.counts and one.verdict != "denied" and one.stage != view.status
        )
        return (view.status, view.stage, str(view.terms), instant_of(view.occurs_at), hearsay)
    return (
        view.status,
        view.certainty,
        _figures(view.duty),
        _figures(view.applied),
        instant_of(view.effective_at),
        instant_of(view.until),
        instant_of(view.expires_at),
        tuple(
            (instant_of(one.start), instant_of(one.until), _figures(one.duty))
            for one in view.upcoming
        ),
        tuple((one.start.at, instant_of(one.until), _figures(one.duty)) for one in view.pauses),
        tuple((one.product, one.start.at, instant_of(one.until)) for one in view.exemptions),
        tuple((one.product, one.start.at) for one in view.scope_steps),
        tuple((one.start.at, one.stayed) for one in view.rulings),
        tuple((one.cause, one.state) for one in view.claims),
    )


KEPT = 50
"""Claims and steps in a snapshot, the latest; the rest is counted, and asked of the API."""


def snapshot(view: Standing | None) -> Standing | None:
    """What a change keeps of a standing, bounded however long its subject's history is."""
    if isinstance(view, TrackStanding) and len(view.steps) > KEPT:
        return replace(view, steps=view.steps[-KEPT:], earlier_steps=len(view.steps) - KEPT)
    if isinstance(view, MeasureStanding) and len(view.claims) > KEPT:
        return replace(view, claims=view.claims[-KEPT:], earlier_claims=len(view.claims) - KEPT)
    return view


def timeline(book: Book) -> Hashable:
    """All that the law has ever charged: a text about the past can change what was owed."""
    return (
        frozenset(
            (instant_of(one.start), instant_of(one.until), _figures(one.duty)) for one in book.terms
        ),
        frozenset((one.start.at, instant_of(one.until), _figures(one.duty)) for one in book.pauses),
        frozenset((one.product, one.start.at, instant_of(one.until)) for one in book.exemptions),
    )


def rewrites(data: Measure | NegotiationStep, views: Views) -> bool:
    """An amendment can say anew whose goods and which, and leave every figure."""
    amends = isinstance(data, Measure) and data.action in {Action.AMENDED, Action.CORRECTED}
    return amends and scope_of(views.before) != scope_of(views.after)


def scope_of(view: Standing | None) -> Hashable:
    """Whose goods, and which."""
    return (view.origin, view.product) if isinstance(view, MeasureStanding) else None


def _figures(duty: Duty | None) -> Hashable:
    return duty.figures if duty else None


def is_law_before(views: Views) -> bool:
    """Whether the measure was law already; what has ended begins anew."""
    before = views.before
    return isinstance(before, MeasureStanding) and bool(before.law) and before.status not in OVER


def delta_of(data: Measure | NegotiationStep | ClaimAssessed, views: Views) -> Decimal | None:
    """None where no rate moves or the two cannot be compared.

    A duty newly imposed on top of others adds all of itself; in lieu of others, nobody can say.
    """
    action = data.action if isinstance(data, Measure) else None
    if action is Action.IMPOSED and not is_law_before(views):
        return views.new.percent if views.new and views.new.basis is Basis.ADDITIONAL else None
    return points_between(views.old, views.new) or None


def moved(views: Views) -> tuple[()] | tuple[Moment | None]:
    """Where a start or an end has moved or was set, what it was before; else nothing."""
    before, after = views.before, views.after
    if not isinstance(before, MeasureStanding) or not isinstance(after, MeasureStanding):
        return ()
    if before.status == after.status == "suspended" and instant_of(before.until) != instant_of(
        after.until
    ):
        return (before.until,)
    if before.status in _AHEAD and before.duty == after.duty:
        differs = instant_of(before.effective_at) != instant_of(after.effective_at)
        return (before.effective_at,) if differs else ()
    old, new = before.upcoming[:1], after.upcoming[:1]
    if (
        old
        and new
        and old[0].duty == new[0].duty
        and instant_of(old[0].start) != instant_of(new[0].start)
    ):
        return (old[0].start,)
    return ()


_AHEAD = frozenset({"scheduled", "announced"})
