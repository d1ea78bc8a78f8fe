"""From an event and the history of its subject to a change, or to the reason why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import cast
from uuid import UUID

from service.core.change.change import Change, Former, change_id
from service.core.change.due import judge
from service.core.change.kinds import kinds_of
from service.core.change.repeats import find_better
from service.core.change.severity import grade
from service.core.change.views import (
    Views,
    delta_of,
    differ,
    moved,
    rewrites,
    snapshot,
    timeline,
)
from service.core.duty import Duty
from service.core.event import (
    Action,
    ClaimAssessed,
    Handling,
    Identity,
    Measure,
    NegotiationStep,
    Reference,
    Tick,
    Verdict,
    named_by,
)
from service.core.event.envelope import ClockEvent
from service.core.moment import Moment
from service.core.standing import (
    Entry,
    History,
    MeasureStanding,
    Standing,
    duty_applied,
    standing,
)
from service.core.standing.entry import law_of


class Outcome(StrEnum):
    """What became of an event: every event ends in exactly one of these, with a reason."""

    CHANGED = "changed"
    EVIDENCE_ONLY = "evidence_only"
    WEAKER_CLAIM = "weaker_claim"
    DUPLICATE = "duplicate"
    HISTORY = "history"
    WAITING = "waiting"
    OUTDATED = "outdated"  # what the clock was to tell no longer holds
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


Said = Measure | NegotiationStep | ClaimAssessed
"""The data of all events but the clock's."""


@dataclass(frozen=True, slots=True)
class _Case:
    """One event, what it says, of which facts, and its subject's history without and with it.

    `elsewhere` are events of other subjects that it names.
    """

    entry: Entry
    said: Said
    about: Measure | NegotiationStep
    history: History
    extended: History
    elsewhere: Mapping[Identity, Entry]

    def end(self, outcome: Outcome, reason: str, change: Change | None = None) -> Derivation:
        """With the history after it: a test is not kept."""
        if not self.entry.event.is_kept:
            return Derivation(outcome, reason, self.history, change)
        kept = self.extended.crediting(change.id) if change else self.extended
        return Derivation(outcome, reason, kept, change)


def derive(event: Entry, history: History) -> Change | None:
    """The change that `event` makes to what `history` says, if anything observable moves."""
    return weigh(event, history).change


def weigh(
    entry: Entry, history: History, elsewhere: Mapping[Identity, Entry] | None = None
) -> Derivation:
    """As `derive`, with the outcome, its reason and the history after it.

    A claim must be about an event in `history`; the consumer keeps it waiting until it is. Of what
    it carries out or takes back, `elsewhere` has the events of other subjects that are known.
    """
    if entry.identity in history.by_identity:
        reason = "this event is already in the history of its subject"
        return Derivation(Outcome.DUPLICATE, reason, history)
    if isinstance(entry.event, ClockEvent):
        return _strike(entry, entry.event.data, history)
    said = entry.event.data
    extended = history.with_entry(entry)
    case = _Case(entry, said, _about(said, history), history, extended, elsewhere or {})
    if entry.event.handling is Handling.HISTORY:
        return case.end(
            Outcome.HISTORY, "handled as history: it builds the standing, alerts nobody"
        )
    return _known_better(case) or _compare(case)


def _strike(entry: Entry, tick: Tick, history: History) -> Derivation:
    """The clock's event: it joins the history, folds to nothing, and may be told."""
    kept = history.with_entry(entry)
    if entry.event.handling is Handling.HISTORY:
        reason = "put on the log too long after its instant: nobody is alerted so late"
        return Derivation(Outcome.HISTORY, reason, kept)
    found = judge(entry, tick, history)
    if isinstance(found, str):
        return Derivation(Outcome.OUTDATED, found, kept)
    reason = f"changed {history.subject}: {', '.join(found.kinds)}"
    return Derivation(Outcome.CHANGED, reason, kept.crediting(found.id), found)


def _compare(case: _Case) -> Derivation:
    """The standing without the event and with it."""
    views = _view(case)
    claim = case.said
    if isinstance(claim, ClaimAssessed):
        if _same_verdict(claim, case.history):
            return case.end(Outcome.EVIDENCE_ONLY, "this verdict was known; kept as evidence")
        if _is_overruled(claim, case.extended):
            return case.end(Outcome.EVIDENCE_ONLY, "a later verdict stands; kept as evidence")
    elif not _moves(case, views) and not rewrites(claim, views):
        return case.end(Outcome.EVIDENCE_ONLY, "nothing observable moved; kept as evidence")
    change = _change(case, views)
    reason = f"changed {case.history.subject}: {', '.join(change.kinds)}"
    return case.end(Outcome.CHANGED, reason, change)


def _moves(case: _Case, views: Views) -> bool:
    """Anything that can be seen now, or of the past for which duty was owed; or what is begun."""
    if differ(views.before, views.after):
        return True
    before, after = case.history.fold.book, case.extended.fold.book
    if before is after:
        return False
    return before.opening != after.opening or timeline(before) != timeline(after)


def _about(data: Said, history: History) -> Measure | NegotiationStep:
    if not isinstance(data, ClaimAssessed):
        return data
    # Nothing is claimed of the clock: the envelope refuses it.
    assessed = cast("Said", history.by_identity[data.about.identity].event.data)
    return _about(assessed, history)  # a verdict on a verdict speaks of the same facts


def _view(case: _Case) -> Views:
    about, seen_at = case.about, case.entry.seen_at
    now = max(seen_at, case.history.latest_seen or seen_at)
    before, after = standing(case.history, now, now), standing(case.extended, now, now)
    if isinstance(about, NegotiationStep) or about.action is Action.EXTENDED:
        return Views(before, after, None, None)  # talks; or a rate that only stays away for longer
    effect = about.effective_at.at if about.effective_at else now
    old, new = _applied(before), _applied(after)
    if effect > now or old == new:  # at the instant of effect, ahead or over by now
        old = duty_applied(case.history, effect, now)
        new = duty_applied(case.extended, effect, now)
    return Views(before, after, old, _undated(case.entry, after) or new)


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


def _is_overruled(claim: ClaimAssessed, extended: History) -> bool:
    """Whether another verdict has the last word; a retraction takes its event out regardless."""
    if claim.verdict is Verdict.RETRACTED:
        return False
    about = claim.about.identity
    return about in extended.fold.gone or extended.fold.verdict_on(about) is not claim


def _known_better(case: _Case) -> Derivation | None:
    """A claim that repeats what is known, or is weaker than what is known, alerts nobody."""
    claim = case.said
    better = find_better(case.entry, claim, case.history) if isinstance(claim, Measure) else None
    if better is None:
        return None
    if better.says_the_same:
        reason = "the same was known from a source at least as sure"
        return case.end(Outcome.EVIDENCE_ONLY, reason)
    reason = f"{case.said.certainty} is weaker than what is known of the same step"
    return case.end(Outcome.WEAKER_CLAIM, reason)


def _change(case: _Case, views: Views) -> Change:
    entry, data, about, history = case.entry, case.said, case.about, case.history
    delta = delta_of(data, views)
    kinds = kinds_of(data, views, delta)
    measure = about if isinstance(about, Measure) else None
    said = data if isinstance(data, Measure) else None
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
        before=snapshot(views.before),
        after=snapshot(views.after),
        old=views.old,
        new=views.new,
        delta_pp=delta,
        announced_at=announced,
        effective_at=start,
        moved_from=next(iter(moved(views)), None),
        until=measure.until if measure else None,
        retroactive=_is_retroactive(measure, entry),
        days=days,
        known_at=entry.known_at,
        seen_at=entry.seen_at,
        citations=law_of(measure) if measure else (),
        evidence=data.evidence,
        carries_out=_former(case, said.realises if said else None),
        takes_back=_former(case, said.withdraws if said else None),
    )


def _former(case: _Case, named: Reference | None) -> Former | None:
    """What it names, as it was said, of this subject or another."""
    if named is None:
        return None
    held = case.history.by_identity.get(named.identity) or case.elsewhere.get(named.identity)
    if held is None or not isinstance(held.event.data, Measure):
        return None
    said = held.event.data
    return Former(
        held.identity,
        said.action,
        said.certainty,
        said.announced_at,
        held.known_at,
        held.change,
        said.duty,
        said.condition.deadline if said.condition else None,
    )


def _previous(entry: Entry, history: History) -> UUID | None:
    """The change this one follows: of the event it is about, carries out or takes back."""
    for identity in named_by(entry.event):
        held = history.by_identity.get(identity)
        if held and held.change:
            return held.change
    return history.last_change


def _is_retroactive(measure: Measure | None, entry: Entry) -> bool:
    """In effect from before it was announced."""
    if measure is None or measure.effective_at is None or not measure.moves_law:
        return False
    announced = measure.announced_at or Moment(entry.known_at)
    if announced.is_same_start(measure.effective_at):
        return False
    return measure.effective_at.at < announced.at
