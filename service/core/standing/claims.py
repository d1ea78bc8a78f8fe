"""The claims beside the law: threats, reports and rumours, and what became of each."""

from dataclasses import dataclass
from datetime import datetime

from service.core.certainty import Certainty
from service.core.duty import Duty
from service.core.event import Action, Identity, Measure
from service.core.moment import When
from service.core.standing.entry import Entry
from service.core.standing.fold import Fold


@dataclass(frozen=True, slots=True)
class Claim:
    """A threat, report or rumour beside the law, and what became of it.

    `state`: open, withdrawn, realised, lapsed (its deadline passed); `verdict` as last assessed.
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
    lapsed = any(claim.state == "lapsed" for claim in standing_ones)
    return "never_implemented" if lapsed else "withdrawn"


def claim_of(entry: Entry, data: Measure, fold: Fold, at: datetime) -> Claim:
    """The claim as it stands at the instant asked: open, or what became of it."""
    assessed = fold.verdict_on(entry.identity)
    condition = data.condition
    return Claim(
        cause=entry.identity,
        action=data.action,
        certainty=data.certainty,
        state=_claim_state(entry.identity, data, fold, at),
        verdict=assessed.verdict.value if assessed else None,
        announced_at=data.announced_at,
        effective_at=data.effective_at,
        duty=data.duty,
        deadline=condition.deadline if condition else None,
        condition=condition.text if condition else None,
    )


def _claim_state(identity: Identity, data: Measure, fold: Fold, at: datetime) -> str:
    if identity in fold.withdrawn:
        return "withdrawn"
    if identity in fold.realised:
        return "realised"
    deadline = data.condition.deadline if data.condition else None
    return "lapsed" if deadline and deadline.end <= at else "open"


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
