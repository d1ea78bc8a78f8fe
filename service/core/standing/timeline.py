"""A negotiation told from its beginning: each step, who said it, and what it moved."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from service.core.certainty import Certainty
from service.core.event import Identity, NegotiationStep, Stage, Verdict
from service.core.event.envelope import ClaimEvent, StepEvent
from service.core.standing.entry import Entry
from service.core.standing.history import History
from service.core.standing.track import is_sure


class Move(StrEnum):
    """What a step did to its track, by all that is known."""

    OPENED = "opened"
    ADVANCED = "advanced"
    REGRESSED = "regressed"
    RESUMED = "resumed"  # the stage it had or one before it, after a state beside it
    REPEATED = "repeated"
    BESIDE = "beside"  # a state beside the track, such as stalled
    CLAIMED = "claimed"  # hearsay beside what is surer: it moved nothing
    DENIED = "denied"  # nor did this
    RETRACTED = "retracted"  # nor this


@dataclass(frozen=True, slots=True)
class Assessed:
    """What was later said of a step, and by which event."""

    event: Identity
    verdict: Verdict
    certainty: Certainty
    known_at: datetime


@dataclass(frozen=True, slots=True)
class Passage:
    """One step; `before` and `after` are the status of the track, None before the first.

    `verdicts` are all that stand, the latest last. `change` is what told of it, if anything did.
    """

    event: Identity
    known_at: datetime
    step: NegotiationStep
    move: Move
    before: Stage | None
    after: Stage | None
    verdicts: tuple[Assessed, ...]
    change: UUID | None


def tell_track(history: History, known_at: datetime) -> list[Passage]:
    """All steps that were known by then, in the order in which facts build up."""
    known = sorted(
        (one for one in history.entries if one.known_at <= known_at), key=lambda one: one.fold_key
    )
    gone = history.fold_at(known_at).gone
    said: dict[Identity, list[Assessed]] = {}
    for about, one in _assessments(known, gone):
        said.setdefault(about, []).append(one)
    return list(_walk(known, gone, said))


def _assessments(
    known: Iterable[Entry], gone: frozenset[Identity]
) -> Iterator[tuple[Identity, Assessed]]:
    for entry in known:
        if isinstance(entry.event, ClaimEvent) and entry.identity not in gone:
            data = entry.event.data
            one = Assessed(entry.identity, data.verdict, data.certainty, entry.known_at)
            yield data.about.identity, one


def _walk(
    known: Iterable[Entry], gone: frozenset[Identity], said: dict[Identity, list[Assessed]]
) -> Iterator[Passage]:
    stage: Stage | None = None
    state: Stage | None = None
    rests = False  # on more than hearsay
    for entry in known:
        if not isinstance(entry.event, StepEvent):
            continue
        step, verdicts, before = entry.event.data, said.get(entry.identity, []), state or stage
        sure = is_sure(step, verdicts[-1] if verdicts else None)
        move = _undone(entry.identity in gone, verdicts)
        if move is None and rests and not sure:
            move = Move.CLAIMED
        elif move is None:
            if sure and not rests:
                stage, state, rests = None, None, True
            move = _move(step.stage, stage, state)
            is_beside = step.stage.rank is None
            stage, state = (stage, step.stage) if is_beside else (step.stage, None)
        yield Passage(
            entry.identity,
            entry.known_at,
            step,
            move,
            before,
            state or stage,
            tuple(verdicts),
            entry.change,
        )


def _undone(is_gone: bool, verdicts: list[Assessed]) -> Move | None:  # noqa: FBT001 - one of two
    if is_gone:
        return Move.RETRACTED
    return Move.DENIED if verdicts and verdicts[-1].verdict is Verdict.DENIED else None


def _move(to: Stage, stage: Stage | None, state: Stage | None) -> Move:
    if to.rank is None:
        return Move.BESIDE
    if stage is None or stage.rank is None:
        return Move.OPENED
    if to.rank > stage.rank:
        return Move.ADVANCED
    if state:
        return Move.RESUMED
    return Move.REGRESSED if to.rank < stage.rank else Move.REPEATED


def cited_measures(step: NegotiationStep) -> tuple[str, ...]:
    """Names of measures that a step cites: its `terms.measures`, and titles of legal texts."""
    named = (step.terms or {}).get("measures")
    keys = [one for one in named if isinstance(one, str)] if isinstance(named, list) else []
    texts = [one.title for one in step.evidence if one.kind == "instrument" and one.title]
    return tuple(dict.fromkeys([*keys, *texts]))
