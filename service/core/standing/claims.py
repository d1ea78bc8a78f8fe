"""The claims beside the law: threats, reports and rumours, and what became of each."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from service.core.certainty import Certainty
from service.core.duty import Duty
from service.core.event import Action, Identity, Measure
from service.core.moment import Moment, When
from service.core.standing.entry import Entry
from service.core.standing.fold import Ending, Fold


@dataclass(frozen=True, slots=True)
class Claim:
    """A threat, report or rumour beside the law, and what became of it.

    `state`: open, met (what it demanded was done), withdrawn, realised, lapsed (its deadline
    passed); `verdict` as last assessed. `ended_at` is when it ceased to be open, and `ended_by` the
    event that says so: nobody has to say that a deadline passed.
    """

    cause: Identity
    action: Action
    certainty: Certainty
    state: str
    verdict: str | None
    announced_at: When | None
    effective_at: When | None
    duty: Duty | None
    deadline: When | None
    condition: str | None
    ended_at: When | None = None
    ended_by: Identity | None = None


def surest(claims: tuple[Claim, ...]) -> Certainty:
    """Of the open claims; of the last one, where none is open."""
    still = [claim.certainty for claim in claims if claim.state == "open"]
    return max(still, default=claims[-1].certainty)


def status_of_claims(claims: tuple[Claim, ...]) -> str:
    """A threat is never in force; a report is at most a proposal."""
    standing_ones = [claim for claim in claims if claim.verdict != "denied"]
    still_said = {claim.action for claim in standing_ones if claim.state == "open"}
    if Action.THREATENED in still_said:
        return "threatened"
    if still_said - {Action.THREAT_WITHDRAWN}:
        return "proposed"
    states = {claim.state for claim in standing_ones}
    if "realised" in states:
        return "carried_out"  # by law on another measure: law of its own would have the word
    return "never_implemented" if "lapsed" in states else "withdrawn"


def claim_of(entry: Entry, data: Measure, fold: Fold, at: datetime) -> Claim:
    """The claim as it stands at the instant asked: open, or what became of it."""
    assessed = fold.verdict_on(entry.identity)
    condition = data.condition
    end = _end_of(entry.identity, data, fold, at)
    return Claim(
        cause=entry.identity,
        action=data.action,
        certainty=data.certainty,
        state=end.state,
        verdict=assessed.verdict.value if assessed else None,
        announced_at=data.announced_at,
        effective_at=data.effective_at,
        duty=data.duty,
        deadline=condition.deadline if condition else None,
        condition=condition.text if condition else None,
        ended_at=end.at,
        ended_by=end.by,
    )


class _End(NamedTuple):
    state: str
    at: Moment | None = None
    by: Identity | None = None


def _end_of(identity: Identity, data: Measure, fold: Fold, at: datetime) -> _End:
    """The last word on it by then; that its deadline passed counts where nobody has said more."""
    said = ((one, _moment_of(one)) for one in fold.ends.get(identity, ()))
    by_then = [(one, moment) for one, moment in said if moment.at <= at]
    if by_then:
        one, moment = by_then[-1]
        return _End(_state_after(one), moment, one.by.identity)
    deadline = data.condition.deadline if data.condition else None
    return _End("lapsed", deadline) if deadline and deadline.end <= at else _End("open")


def _moment_of(end: Ending) -> Moment:
    """When it was announced; when it was known, if an event is dated later than that."""
    announced, known = end.data.announced_at, Moment(end.by.known_at)
    return announced if announced and announced.at <= known.at else known


def _state_after(end: Ending) -> str:
    if not end.is_withdrawal:
        return "realised"
    return "met" if end.data.met else "withdrawn"


def conflicts_of(fold: Fold) -> tuple[tuple[Identity, ...], ...]:
    """Sources on one rung that state different figures for the same step: all are kept."""
    if len(fold.sources) == 1:
        return ()
    said: dict[object, list[tuple[Entry, Measure]]] = {}
    for entry, data in fold.measures:
        if data.duty and data.action is not Action.CORRECTED:
            start = data.effective_at.at if data.effective_at else None
            said.setdefault((data.action, start, data.certainty, _day(data)), []).append(
                (entry, data)
            )
    return tuple(
        tuple(entry.identity for entry, _ in group)
        for group in said.values()
        if len({entry.event.source for entry, _ in group}) > 1
        and len({data.duty.figures for _, data in group if data.duty}) > 1
    )


def _day(data: Measure) -> object:
    """Law of another day supersedes; two texts of one day that disagree are a conflict."""
    return data.announced_at.at.date() if data.moves_law and data.announced_at else None
