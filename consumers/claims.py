"""`claim.assessed`: fold a verdict into the subject of the event it is about, once that is known."""

from consumers.ledger import Arrival, Ledger
from service.core.event.envelope import ClaimEvent


def find_subject(ledger: Ledger, event: ClaimEvent) -> str | None:
    """The subject of the event it is about; None while that has not been seen."""
    return ledger.subject_of(event.data.about.identity)


def handle(ledger: Ledger, arrival: Arrival, event: ClaimEvent, subject: str | None) -> None:
    """Fold it, or keep it waiting."""
    about = event.data.about.identity
    if ledger.is_test(about) and event.is_kept:
        ledger.quarantine(arrival, "it assesses a test event: send it with handling `test`")
    elif subject is None:
        ledger.keep_waiting(arrival, event, about)
    else:
        ledger.fold(arrival, event, subject)
