"""What a change is: its kinds, the headline first, from what differs and what was done."""

from decimal import Decimal

from service.core.change.change import Kind
from service.core.change.views import Views, is_law_before, moved, scope_of
from service.core.event import Action, ClaimAssessed, Measure, NegotiationStep, Stage, Verdict
from service.core.standing import TrackStanding
from service.core.standing.track import SURE


def kinds_of(
    data: Measure | NegotiationStep | ClaimAssessed, views: Views, delta: Decimal | None
) -> tuple[Kind, ...]:
    """At least one; the first is the headline."""
    if isinstance(data, ClaimAssessed):
        return _verdict_kinds(data.verdict, views, delta)
    if isinstance(data, NegotiationStep):
        return _track_kinds(data, views)
    if not data.moves_law:
        return (_CLAIMS.get(data.action, Kind.CLAIM_MADE),)
    return _law_kinds(data, views, delta)


def _law_kinds(data: Measure, views: Views, delta: Decimal | None) -> tuple[Kind, ...]:
    headline = _HEADLINES[data.action]
    moved = rate_kind(views, delta)
    known = is_law_before(views)
    if known and headline in _OF_A_RATE:
        headline = moved or _still(headline, views)
    ended = Kind.ENDED if data.action is Action.RULED_UNLAWFUL and data.stayed is False else None
    return _once(
        headline, ended, moved if known and headline is not Kind.EXEMPTION_GRANTED else None
    )


def _still(headline: Kind, views: Views) -> Kind:
    """A known measure whose rate does not move: it moves in time or scope, or is made surer."""
    if moved(views):
        return Kind.EFFECTIVE_DATE_MOVED
    if scope_of(views.before) != scope_of(views.after):
        return Kind.SCOPE_CHANGED
    return Kind.CLAIM_CONFIRMED if headline is Kind.MEASURE_ANNOUNCED else Kind.RATE_CHANGED


def rate_kind(views: Views, delta: Decimal | None) -> Kind | None:
    """Which way the rate moves, if it does."""
    if delta:
        return Kind.RATE_INCREASED if delta > 0 else Kind.RATE_DECREASED
    if delta is None and views.old is not None and views.new is not None and views.old != views.new:
        return Kind.RATE_CHANGED
    return None


def _once(*kinds: Kind | None) -> tuple[Kind, ...]:
    return tuple(dict.fromkeys(kind for kind in kinds if kind))


def _verdict_kinds(verdict: Verdict, views: Views, delta: Decimal | None) -> tuple[Kind, ...]:
    return _once(_VERDICTS[verdict], rate_kind(views, delta))


def _track_kinds(step: NegotiationStep, views: Views) -> tuple[Kind, ...]:
    view = views.before if isinstance(views.before, TrackStanding) else None
    if view and view.is_sure and step.certainty < SURE:
        return (Kind.CLAIM_MADE,)
    if step.stage.rank is None:
        return (_SIDE_STATES.get(step.stage, Kind.STAGE_REGRESSED),)
    if _falls_back(step, view):
        return (Kind.STAGE_REGRESSED,)
    opened = None if view else Kind.NEGOTIATION_OPENED
    before = view.stage if view else None
    if step.stage.rank >= (Stage.FRAMEWORK.rank or 0) and step.stage is not before:
        return _once(Kind.AGREEMENT_REACHED, opened or Kind.STAGE_ADVANCED)
    return (opened or Kind.STAGE_ADVANCED,)


def _falls_back(step: NegotiationStep, view: TrackStanding | None) -> bool:
    """Behind the stage they had come to, and not from worse: talks that broke off and go on.

    What hearsay said they had come to is nothing to fall back from.
    """
    if view is None or view.stage is None or view.state is not None:
        return False
    if step.certainty >= SURE and not view.is_sure:
        return False
    return (step.stage.rank or 0) < (view.stage.rank or 0)


_SIDE_STATES = {Stage.TERMINATED: Kind.TALKS_ENDED, Stage.DENIED: Kind.CLAIM_DENIED}


_VERDICTS = {
    Verdict.CONFIRMED: Kind.CLAIM_CONFIRMED,
    Verdict.DENIED: Kind.CLAIM_DENIED,
    Verdict.DISPUTED: Kind.CLAIM_DISPUTED,
    Verdict.RETRACTED: Kind.CORRECTION,
}


_CLAIMS = {
    Action.THREATENED: Kind.THREAT_ISSUED,
    Action.THREAT_WITHDRAWN: Kind.THREAT_WITHDRAWN,
}


_OF_A_RATE = frozenset(
    {Kind.MEASURE_ANNOUNCED, Kind.RATE_INCREASED, Kind.RATE_DECREASED, Kind.RATE_CHANGED}
)


_HEADLINES = {
    Action.IMPOSED: Kind.MEASURE_ANNOUNCED,
    Action.INCREASED: Kind.RATE_INCREASED,
    Action.DECREASED: Kind.RATE_DECREASED,
    Action.AMENDED: Kind.RATE_CHANGED,
    Action.SCOPE_EXTENDED: Kind.SCOPE_CHANGED,
    Action.SCOPE_REDUCED: Kind.SCOPE_CHANGED,
    Action.EXEMPTED: Kind.EXEMPTION_GRANTED,
    Action.EXEMPTION_ENDED: Kind.EXEMPTION_ENDED,
    Action.SUSPENDED: Kind.SUSPENDED,
    Action.RESUMED: Kind.RESUMED,
    Action.DELAYED: Kind.EFFECTIVE_DATE_MOVED,
    Action.EXTENDED: Kind.EFFECTIVE_DATE_MOVED,
    Action.TERMINATED: Kind.ENDED,
    Action.EXPIRED: Kind.ENDED,
    Action.STRUCK_DOWN: Kind.ENDED,
    Action.RULED_UNLAWFUL: Kind.RULING,
    Action.AUTHORISED: Kind.MEASURE_ANNOUNCED,
    Action.INVESTIGATION_OPENED: Kind.INVESTIGATION,
    Action.DETERMINATION_PRELIMINARY: Kind.INVESTIGATION,
    Action.DETERMINATION_FINAL: Kind.INVESTIGATION,
    Action.CORRECTED: Kind.CORRECTION,
}
