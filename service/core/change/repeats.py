"""What was known already: the event that said the same, or something surer of the same step."""

from collections.abc import Iterable
from dataclasses import dataclass

from service.core.certainty import Certainty
from service.core.change.views import instant_of
from service.core.event import Action, ClaimAssessed, Identity, Measure, NegotiationStep
from service.core.event.envelope import ClaimEvent
from service.core.standing import Entry, History
from service.core.standing.law import gives_way
from service.core.standing.measure import phase_at


@dataclass(frozen=True, slots=True)
class Better:
    """The event that makes a claim no news; `says_the_same`, or is surer of the same step."""

    event: Identity
    says_the_same: bool


def find_better(entry: Entry, claim: Measure, history: History) -> Better | None:
    """What is known at least as surely as this claim; a legal text is no claim."""
    if claim.certainty is Certainty.INSTRUMENT:
        return None
    fold = history.fold
    gone = fold.withdrawn | fold.denied | _said_anew(entry, history)
    held = [(other.identity, data) for other, data in fold.measures if other.identity not in gone]
    for identity, other in held:
        if _says_the_same(claim, other) and other.certainty >= claim.certainty:
            return Better(identity, says_the_same=True)
    surer = (identity for identity, other in held if _is_surer(other, claim))
    return next((Better(identity, says_the_same=False) for identity in surer), None)


def ground_of(entry: Entry, history: History) -> Identity | None:
    """The event of `history`, as it was before it, that `entry` repeats or is weaker than.

    None where no single one says it: what stands is then made of several.
    """
    said = entry.event.data
    if isinstance(said, ClaimAssessed):
        return _latest(_verdicts_like(said, history))
    if isinstance(said, NegotiationStep):
        held = history.fold.steps
        return _latest(other.identity for other, step in held if step.stage is said.stage)
    if not isinstance(said, Measure):
        return None
    if better := find_better(entry, said, history):
        return better.event
    return _latest(other.identity for other, data in history.fold.measures if _repeats(said, data))


def _latest(found: Iterable[Identity]) -> Identity | None:
    return next(iter(reversed(list(found))), None)


def _verdicts_like(said: ClaimAssessed, history: History) -> Iterable[Identity]:
    """The verdict that stands on the same event."""
    held = history.fold.verdict_on(said.about.identity)
    for entry in history.entries:
        if isinstance(entry.event, ClaimEvent) and entry.event.data is held:
            yield entry.identity


def _said_anew(entry: Entry, history: History) -> frozenset[Identity]:
    """What was carried out may be said again once that law is over, or where it is not ours."""
    fold, own = history.fold, history.by_identity
    is_over = phase_at(fold.book, entry.seen_at).is_over
    ends = fold.ends.items()
    return frozenset(
        ended for ended, by in ends if is_over or all(one.by.identity not in own for one in by)
    )


def _says_the_same(claim: Measure, other: Measure) -> bool:
    return (
        not claim.moves_law
        and claim.action is other.action
        and instant_of(claim.effective_at) == instant_of(other.effective_at)
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
        claim.effective_at is None
        or instant_of(claim.effective_at) == instant_of(other.effective_at)
    )


def _repeats(said: Measure, other: Measure) -> bool:
    """The same figure from the same day, or the same act where it has none."""
    return (
        said.duty == other.duty
        and (said.duty is not None or said.action is other.action)
        and instant_of(said.effective_at) == instant_of(other.effective_at)
        and instant_of(said.until) == instant_of(other.until)
    )
