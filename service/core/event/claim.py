"""`claim.assessed`: an earlier event is confirmed, denied, disputed or retracted. No figures."""

from enum import StrEnum

from service.core.certainty import Certainty
from service.core.duty import Frozen
from service.core.event.fields import EvidenceList, Reference


class Verdict(StrEnum):
    """Only `retracted` takes the event out of the fold."""

    CONFIRMED = "confirmed"
    DENIED = "denied"
    DISPUTED = "disputed"
    RETRACTED = "retracted"


class ClaimAssessed(Frozen):
    """The data of a `claim.assessed` event."""

    about: Reference
    verdict: Verdict
    certainty: Certainty
    evidence: EvidenceList = ()
