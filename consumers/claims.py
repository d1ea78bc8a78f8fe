"""`claim.assessed`: a verdict joins the subject of the event it is about, once that is known."""

from consumers.ledger import OF_A_TEST, Arrival, Ledger
from service.core.event import Handling
from service.core.event.envelope import ClaimEvent


def find_subject(ledger: Ledger, event: ClaimEvent) -> str | None:
    """The subject of the event it is about; None while that has not been seen."""
    return ledger.subject_of(event.data.about.identity)


def is_refused(event: ClaimEvent, about: str | None) -> bool:
    """Nothing that is kept may rest on a test; `about` is how the event it is about was handled."""
    return event.is_kept and about == Handling.TEST


def handle(ledger: Ledger, arrival: Arrival, event: ClaimEvent, subject: str | None) -> None:
    """Fold it, or keep it waiting."""
    about = event.data.about.identity
    if is_refused(event, ledger.handling_of(about)):
        ledger.quarantine(arrival, OF_A_TEST)
    elif subject is None:
        ledger.keep_waiting(arrival, event, about)
    else:
        ledger.fold(arrival, event, subject)
