"""From an event and the history of its subject to a change, or to the reason why there is none."""

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from service.core.certainty import Certainty
from service.core.change import Change, Kind, change_id
from service.core.duty import Basis, Duty, points_between
from service.core.event import (
    Action,
    ClaimAssessed,
    Handling,
    Measure,
    NegotiationStep,
    Reference,
    Stage,
    Verdict,
)
from service.core.history import Entry, History
from service.core.law import gives_way, law_of
from service.core.moment import Moment
from service.core.severity import grade
from service.core.standing import MeasureStanding, Standing, duty_applied, standing
from service.core.track import TrackStanding


class Outcome(StrEnum):
    """What became of an event: every event ends in exactly one of these, with a reason."""

    CHANGED = "changed"
    EVIDENCE_ONLY = "evidence_only"
    WEAKER_CLAIM = "weaker_claim"
    DUPLICATE = "duplicate"
    HISTORY = "history"
    WAITING = "waiting"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class Derivation:
    """The outcome of one event, why, and the change if it made one.

    `history` is the history after it, the same as before for what is not kept.
    """

    outcome: Outcome
    reason: str
    history: History
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class _Views:
    """The standing without and with the event: now, and at the instant of its effect."""

    before: Standing | None
    after: Standing | None
    old: Duty | None
    new: Duty | None


@dataclass(frozen=True, slots=True)
class _Case:
    """One event, the facts it speaks of, and its subject's history without and with it."""

    entry: Entry
    about: Measure | NegotiationStep
    history: History
    extended: History

    def end(self, outcome: Outcome, reason: str, change: Change | None = None) -> Derivation:
        """With the history after it: a test is not kept."""
        if not self.entry.event.is_kept:
            return Derivation(outcome, reason, self.history, change)
        kept = self.extended.crediting(change.id) if change else self.extended
        return Derivation(outcome, reason, kept, change)


def derive(event: Entry, history: History) -> Change | None:
    """The change that `event` makes to what `history` says, if anything observable moves."""
    return weigh(event, history).change


def weigh(entry: Entry, history: History) -> Derivation:
    """As `derive`, with the outcome, its reason and the history after it.

    A claim must be about an event in `history`; the consumer keeps it waiting until it is.
    """
    if entry.identity in history.by_identity:
        reason = "this event is already in the history of its subject"
        return Derivation(Outcome.DUPLICATE, reason, history)
    case = _Case(entry, _about(entry, history), history, history.with_entry(entry))
    if entry.event.handling is Handling.HISTORY:
        return case.end(
            Outcome.HISTORY, "handled as history: it builds the standing, alerts nobody"
        )
    return _known_better(case) or _compare(case)


def _compare(case: _Case) -> Derivation:
    """The standing without the event and with it."""
    views = _view(case)
    claim = case.entry.event.data
    if isinstance(claim, ClaimAssessed):
        if _same_verdict(claim, case.history):
            return case.end(Outcome.EVIDENCE_ONLY, "this verdict was known; kept as evidence")
    elif _observable(views.before) == _observable(views.after) and not _rewrites(claim, views):
        return case.end(Outcome.EVIDENCE_ONLY, "nothing observable moved; kept as evidence")
    change = _change(case.entry, case.about, views, case.history)
    reason = f"changed {case.history.subject}: {', '.join(change.kinds)}"
    return case.end(Outcome.CHANGED, reason, change)


def _about(entry: Entry, history: History) -> Measure | NegotiationStep:
    data = entry.event.data
    if not isinstance(data, ClaimAssessed):
        return data
    assessed = history.by_identity[data.about.identity].event.data
    if isinstance(assessed, ClaimAssessed):  # a verdict on a verdict speaks of the same facts
        return _about(history.by_identity[data.about.identity], history)
    return assessed


def _view(case: _Case) -> _Views:
    about, seen_at = case.about, case.entry.seen_at
    now = max(seen_at, case.history.latest_seen or seen_at)
    before, after = standing(case.history, now, now), standing(case.extended, now, now)
    if isinstance(about, NegotiationStep) or about.action is Action.EXTENDED:
        return _Views(before, after, None, None)  # talks; or a rate that only stays away for longer
    effect = max(about.effective_at.at, now) if about.effective_at else now
    if effect == now:  # the views know
        old, new = _applied(before), _applied(after)
    else:
        old = duty_applied(case.history, effect, now)
        new = duty_applied(case.extended, effect, now)
    return _Views(before, after, old, _undated(case.entry, after) or new)


def _applied(view: Standing | None) -> Duty | None:
    return view.applied if isinstance(view, MeasureStanding) else None


def _undated(entry: Entry, after: Standing | None) -> Duty | None:
    """The duty that the event announces without a date: it is what will apply, some day."""
    ahead = after.upcoming if isinstance(after, MeasureStanding) else ()
    own = (one.duty for one in ahead if one.start is None and one.cause == entry.identity)
    return next(own, None)


def _same_verdict(claim: ClaimAssessed, history: History) -> bool:
    """Whether the event holds this verdict already, on the same rung or a stronger one."""
    held = history.fold.verdict_on(claim.about.identity)
    return held is not None and held.verdict is claim.verdict and held.certainty >= claim.certainty


def _known_better(case: _Case) -> Derivation | None:
    """A claim that repeats what is known, or is weaker than what is known, alerts nobody."""
    claim = case.entry.event.data
    if not isinstance(claim, Measure) or claim.certainty is Certainty.INSTRUMENT:
        return None
    fold = case.history.fold
    held = [data for other, data in fold.measures if other.identity not in fold.withdrawn]
    if any(_says_the_same(claim, other) and other.certainty >= claim.certainty for other in held):
        reason = "the same was known from a source at least as sure"
        return case.end(Outcome.EVIDENCE_ONLY, reason)
    if any(_is_surer(other, claim) for other in held):
        reason = f"{claim.certainty} is weaker than what is known of the same step"
        return case.end(Outcome.WEAKER_CLAIM, reason)
    return None


def _says_the_same(claim: Measure, other: Measure) -> bool:
    return (
        not claim.moves_law
        and claim.action is other.action
        and _at(claim.effective_at) == _at(other.effective_at)
        and claim.duty == other.duty
        and claim.condition == other.condition
        and claim.product == other.product
    )


def _is_surer(other: Measure, claim: Measure) -> bool:
    if claim.moves_law:
        return claim.duty != other.duty and gives_way(claim, other)
    if claim.action.is_threat or other.action.is_threat or other.certainty <= claim.certainty:
        return False
    alike = claim.action is other.action or claim.action is Action.IMPOSED
    return alike and (
        claim.effective_at is None or _at(claim.effective_at) == _at(other.effective_at)
    )


def _at(moment: Moment | None) -> datetime | None:
    return moment.at if moment else None


def _observable(view: Standing | None) -> Hashable:
    """What an alert could be about: figures, dates, scope, certainty; not who else said so."""
    if view is None:
        return None
    if isinstance(view, TrackStanding):
        return (view.status, view.stage, str(view.terms), _at(view.occurs_at))
    return (
        view.status,
        view.certainty,
        _figures(view.duty),
        _figures(view.applied),
        _at(view.effective_at),
        _at(view.until),
        _at(view.expires_at),
        tuple((_at(one.start), _at(one.until), _figures(one.duty)) for one in view.upcoming),
        tuple((one.start.at, _at(one.until), _figures(one.duty)) for one in view.pauses),
        tuple((one.product, one.start.at, _at(one.until)) for one in view.exemptions),
        tuple((one.product, one.start.at) for one in view.scope_steps),
        tuple((one.start.at, one.stayed) for one in view.rulings),
        tuple((one.cause, one.state) for one in view.claims),
    )


def _rewrites(data: Measure | NegotiationStep, views: _Views) -> bool:
    """An amendment can say anew whose goods and which, and leave every figure."""
    amends = isinstance(data, Measure) and data.action in {Action.AMENDED, Action.CORRECTED}
    return amends and _scope(views.before) != _scope(views.after)


def _scope(view: Standing | None) -> Hashable:
    return (view.origin, view.product) if isinstance(view, MeasureStanding) else None


def _figures(duty: Duty | None) -> Hashable:
    return duty.figures if duty else None


def _change(
    entry: Entry, about: Measure | NegotiationStep, views: _Views, history: History
) -> Change:
    data = entry.event.data
    delta = _delta(data, views)
    kinds = _kinds(entry, views, delta)
    measure = about if isinstance(about, Measure) else None
    start = measure.effective_at if measure else about.occurs_at  # type: ignore[union-attr]
    announced = measure.announced_at if measure else None
    is_test = entry.event.handling is Handling.TEST
    days = start.days_after(entry.seen_at) if measure and start else None
    return Change(
        id=change_id(entry.identity, history.subject),
        subject=history.subject,
        sequence=0 if is_test else history.sequence + 1,
        previous=_previous(entry, history),
        kinds=kinds,
        severity=grade(kinds, data.certainty, delta, days),
        mode=entry.event.handling,
        certainty=data.certainty,
        event=entry.identity,
        event_type=entry.event.type,
        about=about,
        assessment=data if isinstance(data, ClaimAssessed) else None,
        before=views.before,
        after=views.after,
        old=views.old,
        new=views.new,
        delta_pp=delta,
        announced_at=announced,
        effective_at=start,
        moved_from=next(iter(_moved(views)), None),
        until=measure.until if measure else None,
        retroactive=_is_retroactive(measure, entry),
        days=days,
        known_at=entry.known_at,
        seen_at=entry.seen_at,
        citations=law_of(measure) if measure else (),
        evidence=data.evidence,
    )


def _delta(data: Measure | NegotiationStep | ClaimAssessed, views: _Views) -> Decimal | None:
    """None where no rate moves or the two cannot be compared.

    A duty newly imposed on top of others adds all of itself; in lieu of others, nobody can say.
    """
    action = data.action if isinstance(data, Measure) else None
    if action is Action.IMPOSED and views.before is None:
        return views.new.percent if views.new and views.new.basis is Basis.ADDITIONAL else None
    return points_between(views.old, views.new) or None


def _previous(entry: Entry, history: History) -> UUID | None:
    """The change this one follows: of the event it is about, carries out or takes back."""
    for reference in _references(entry):
        held = history.by_identity.get(reference.identity)
        if held and held.change:
            return held.change
    return history.last_change


def _references(entry: Entry) -> list[Reference]:
    data = entry.event.data
    if isinstance(data, ClaimAssessed):
        return [data.about]
    if isinstance(data, Measure):
        return [one for one in (data.realises, data.withdraws) if one]
    return []


def _is_retroactive(measure: Measure | None, entry: Entry) -> bool:
    """In effect from before it was announced."""
    if measure is None or measure.effective_at is None or not measure.moves_law:
        return False
    announced = measure.announced_at or Moment(entry.known_at)
    if announced.is_same_start(measure.effective_at):
        return False
    return measure.effective_at.at < announced.at


def _moved(views: _Views) -> tuple[()] | tuple[Moment | None]:
    """Where a start or an end has moved or was set, what it was before; else nothing."""
    before, after = views.before, views.after
    if not isinstance(before, MeasureStanding) or not isinstance(after, MeasureStanding):
        return ()
    if before.status == after.status == "suspended" and _at(before.until) != _at(after.until):
        return (before.until,)
    if before.status in _AHEAD and before.duty == after.duty:
        moved = _at(before.effective_at) != _at(after.effective_at)
        return (before.effective_at,) if moved else ()
    old, new = before.upcoming[:1], after.upcoming[:1]
    if old and new and old[0].duty == new[0].duty and _at(old[0].start) != _at(new[0].start):
        return (old[0].start,)
    return ()


_AHEAD = frozenset({"scheduled", "announced"})


def _kinds(entry: Entry, views: _Views, delta: Decimal | None) -> tuple[Kind, ...]:
    data = entry.event.data
    if isinstance(data, ClaimAssessed):
        return _verdict_kinds(data.verdict, views, delta)
    if isinstance(data, NegotiationStep):
        return _track_kinds(data, views)
    if not data.moves_law:
        return (_CLAIMS.get(data.action, Kind.CLAIM_MADE),)
    return _law_kinds(data, views, delta)


def _law_kinds(data: Measure, views: _Views, delta: Decimal | None) -> tuple[Kind, ...]:
    headline = _HEADLINES[data.action]
    moved = _rate_kind(views, delta)
    known = isinstance(views.before, MeasureStanding) and views.before.law
    if headline in _RATE_KINDS | {Kind.MEASURE_ANNOUNCED} and known:
        headline = moved or _still(headline, views)
    ended = Kind.ENDED if data.action is Action.RULED_UNLAWFUL and data.stayed is False else None
    return _once(
        headline, ended, moved if known and headline is not Kind.EXEMPTION_GRANTED else None
    )


def _still(headline: Kind, views: _Views) -> Kind:
    """A known measure whose rate does not move: it moves in time or scope, or is made surer."""
    if _moved(views):
        return Kind.EFFECTIVE_DATE_MOVED
    if _scope(views.before) != _scope(views.after):
        return Kind.SCOPE_CHANGED
    return Kind.CLAIM_CONFIRMED if headline is Kind.MEASURE_ANNOUNCED else Kind.RATE_CHANGED


def _rate_kind(views: _Views, delta: Decimal | None) -> Kind | None:
    if delta:
        return Kind.RATE_INCREASED if delta > 0 else Kind.RATE_DECREASED
    if delta is None and views.old is not None and views.new is not None and views.old != views.new:
        return Kind.RATE_CHANGED
    return None


def _once(*kinds: Kind | None) -> tuple[Kind, ...]:
    return tuple(dict.fromkeys(kind for kind in kinds if kind))


def _verdict_kinds(verdict: Verdict, views: _Views, delta: Decimal | None) -> tuple[Kind, ...]:
    return _once(_VERDICTS[verdict], _rate_kind(views, delta))


def _track_kinds(step: NegotiationStep, views: _Views) -> tuple[Kind, ...]:
    before = views.before.stage if isinstance(views.before, TrackStanding) else None
    opened = (
        Kind.NEGOTIATION_OPENED if views.before is None and step.stage.rank is not None else None
    )
    if step.stage.rank is None:
        return (_SIDE_STATES.get(step.stage, Kind.STAGE_REGRESSED),)
    if step.stage.rank >= (Stage.FRAMEWORK.rank or 0) and step.stage is not before:
        return _once(Kind.AGREEMENT_REACHED, opened or Kind.STAGE_ADVANCED)
    back = before is not None and before.rank is not None and step.stage.rank < before.rank
    return (opened or (Kind.STAGE_REGRESSED if back else Kind.STAGE_ADVANCED),)


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
_RATE_KINDS = frozenset({Kind.RATE_INCREASED, Kind.RATE_DECREASED, Kind.RATE_CHANGED})
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
