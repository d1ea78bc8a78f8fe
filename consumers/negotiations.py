"""`negotiation.step`: fold a step into the track of its parties."""

from consumers.ledger import Arrival, Ledger
from service.core.event.envelope import StepEvent
from service.core.standing.track import track_key


def subject_of(event: StepEvent) -> str:
    """The track of these parties, in any order."""
    return track_key(event.data)


def handle(ledger: Ledger, arrival: Arrival, event: StepEvent, subject: str) -> None:
    """Fold it; claims that waited for it follow."""
    ledger.fold(arrival, event, subject)
