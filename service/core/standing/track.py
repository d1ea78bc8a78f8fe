"""A negotiation track: how far named parties have come with each other."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.core.certainty import Certainty
from service.core.event import Identity, NegotiationStep, Stage
from service.core.moment import When
from service.core.standing.entry import Entry
from service.core.standing.fold import Fold


@dataclass(frozen=True, slots=True)
class TrackStep:
    """One step, with the verdict it was later given."""

    cause: Identity
    stage: Stage
    certainty: Certainty
    occurs_at: When | None
    verdict: str | None


@dataclass(frozen=True, slots=True)
class TrackStanding:
    """`stage` is the latest that advanced the track, `state` the one beside it, if later."""

    subject: str
    parties: tuple[str, ...]
    unnamed: bool
    stage: Stage | None
    state: Stage | None
    certainty: Certainty
    occurs_at: When | None
    terms: Mapping[str, Any] | None
    steps: tuple[TrackStep, ...]
    earlier_steps: int = 0  # left out of a snapshot, whose change must not grow with its subject

    @property
    def status(self) -> str:
        """The side state while there is one, else the stage; `denied` when nothing is left."""
        return str(self.state or self.stage or Stage.DENIED)


def track_key(step: NegotiationStep) -> str:
    """`track:CN-US`, an unordered set of parties; an unnamed group is `*`."""
    return "track:" + "-".join([*sorted(step.named), *(["*"] if step.has_unnamed else [])])


def stand_track(subject: str, fold: Fold) -> TrackStanding:
    """The latest steps that nobody has denied; `fold.steps` is not empty."""
    steps = tuple(_step(entry, step, fold) for entry, step in fold.steps)
    held = [
        step for (_, step), seen in zip(fold.steps, steps, strict=True) if seen.verdict != "denied"
    ]
    latest = held[-1] if held else fold.steps[-1][1]
    stages = [step.stage for step in held if step.stage.rank is not None]
    return TrackStanding(
        subject=subject,
        parties=tuple(sorted(latest.named)),
        unnamed=latest.has_unnamed,
        stage=stages[-1] if stages else None,
        state=latest.stage if held and latest.stage.rank is None else None,
        certainty=latest.certainty,
        occurs_at=latest.occurs_at,
        terms=next((step.terms for step in reversed(held) if step.terms), None),
        steps=steps,
    )


def _step(entry: Entry, step: NegotiationStep, fold: Fold) -> TrackStep:
    assessed = fold.verdict_on(entry.identity)
    verdict = assessed.verdict.value if assessed else None
    return TrackStep(entry.identity, step.stage, step.certainty, step.occurs_at, verdict)
