"""`negotiation.step`: one party contacted, met, agreed with, refused another."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from service.core.certainty import Certainty
from service.core.duty import AtMost, Frozen, Short
from service.core.event.fields import MAX_LIST, CountryCode, EvidenceList, Passed
from service.core.moment import When


class Stage(StrEnum):
    """The first ten advance a track, in this order; the rest are states beside it."""

    INTEREST_EXPRESSED = "interest_expressed"
    OUTREACH = "outreach"
    DELEGATION_DISPATCHED = "delegation_dispatched"
    TALKS_EXPECTED = "talks_expected"
    TALKS_SCHEDULED = "talks_scheduled"
    UNDER_WAY = "under_way"
    LEADER_MEETING_HELD = "leader_meeting_held"
    FRAMEWORK = "framework"
    AGREEMENT_SIGNED = "agreement_signed"
    IMPLEMENTED = "implemented"
    PRECONDITION_SET = "precondition_set"
    NO_TALKS_SCHEDULED = "no_talks_scheduled"
    STALLED = "stalled"
    SUSPENDED = "suspended"
    TERMINATED = "terminated"
    DENIED = "denied"

    @property
    def rank(self) -> int | None:
        """0 to 9 along the track; None for a state beside it."""
        return _RANK.get(self)


_RANK = {
    stage: place
    for place, stage in enumerate(Stage)
    if place <= list(Stage).index(Stage.IMPLEMENTED)
}


class Count(Frozen):
    """How many unnamed parties: "50, 60, maybe almost 70"."""

    low: Annotated[int, Field(ge=1)] | None = None
    high: Annotated[int, Field(ge=1)] | None = None
    approximate: bool = True


class Party(Frozen):
    """A named party, or an unnamed group with its count."""

    code: CountryCode | None
    role: Literal["initiator", "counterpart", "contacted"]
    count: Count | None = None


class Attribution(Frozen):
    """Who said so, and where."""

    speaker: Short | None = None
    office: Short | None = None
    medium: Short | None = None
    named: bool | None = None


class NegotiationStep(Frozen):
    """The data of a `negotiation.step` event."""

    parties: Annotated[tuple[Party, ...], AtMost(60), Field(min_length=2)]
    stage: Stage
    channel: Short | None = None
    attribution: Attribution | None = None
    objective: Annotated[tuple[Short, ...], AtMost(MAX_LIST)] = ()
    terms: Passed | None = None
    occurs_at: When | None = None
    certainty: Certainty
    evidence: EvidenceList = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        named = [party.code for party in self.parties if party.code]
        if not named:
            message = "at least one party is named by its code"
            raise ValueError(message)
        if len(set(named)) != len(named):
            message = "a party stands in the list once"
            raise ValueError(message)
        return self

    @property
    def named(self) -> frozenset[str]:
        """Codes of the parties that are named."""
        return frozenset(party.code for party in self.parties if party.code)

    @property
    def has_unnamed(self) -> bool:
        """Whether some counterpart is not named."""
        return any(party.code is None for party in self.parties)
