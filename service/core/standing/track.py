"""A negotiation track: how far named parties have come with each other.

Hearsay stands beside a track, as a threat stands beside the law: a rumour of an agreement must not
read as one, nor the next thing on record as a step back from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from service.core.certainty import Certainty
from service.core.event import Identity, NegotiationStep, Stage, Verdict
from service.core.moment import When
from service.core.standing.fold import Fold

SURE = Certainty.REPORTED
"""From here on a step moves its track; what is weaker does while nothing surer is held."""


class Word(Protocol):
    """What was later said of a step."""

    @property
    def verdict(self) -> Verdict:
        """Whether it holds."""

    @property
    def certainty(self) -> Certainty:
        """How surely that was said."""


@dataclass(frozen=True, slots=True)
class TrackStep:
    """One step, with the verdict it was later given; `counts`: it is not beside the track."""

    cause: Identity
    stage: Stage
    certainty: Certainty
    occurs_at: When | None
    verdict: str | None
    counts: bool = True


@dataclass(frozen=True, slots=True)
class TrackStanding:
    """`stage` is the latest that advanced the track, `state` the one beside it, if later.

    `is_sure`: they rest on more than hearsay.
    """

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
    is_sure: bool = True

    @property
    def status(self) -> str:
        """The side state while there is one, else the stage; `denied` when nothing is left."""
        return str(self.state or self.stage or Stage.DENIED)


def track_key(step: NegotiationStep) -> str:
    """`track:CN-US`, an unordered set of parties; an unnamed group is `*`."""
    return "track:" + "-".join([*sorted(step.named), *(["*"] if step.has_unnamed else [])])


def stand_track(subject: str, fold: Fold) -> TrackStanding:
    """The latest steps that nobody has denied and that count; `fold.steps` is not empty."""
    told = [(entry, step, fold.verdict_on(entry.identity)) for entry, step in fold.steps]
    kept = [(step, word) for _, step, word in told if not _is_denied(word)]
    rests = any(is_sure(step, word) for step, word in kept)
    held = [step for step, word in kept if not rests or is_sure(step, word)]
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
        steps=tuple(
            TrackStep(
                entry.identity,
                step.stage,
                step.certainty,
                step.occurs_at,
                word.verdict.value if word else None,
                counts=not _is_denied(word) and (not rests or is_sure(step, word)),
            )
            for entry, step, word in told
        ),
        is_sure=rests,
    )


def is_sure(step: NegotiationStep, word: Word | None) -> bool:
    """On record or reported by a named outlet, or confirmed so."""
    confirmed = word is not None and word.verdict is Verdict.CONFIRMED and word.certainty >= SURE
    return confirmed or step.certainty >= SURE


def _is_denied(word: Word | None) -> bool:
    return word is not None and word.verdict is Verdict.DENIED
