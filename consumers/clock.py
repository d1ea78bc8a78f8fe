"""`tariff.clock`: an instant has come. It is weighed against the fold, which it never moves."""

from datetime import timedelta

from consumers.ledger import Arrival, Ledger
from service.core.event import Tick
from service.core.event.envelope import ClockEvent

AHEAD = timedelta(minutes=5)
"""How far the clock of whoever put it on the log may run before ours."""
EARLY = "its instant has not come by this clock: the clocks of this installation disagree"
NO_SUBJECT = "it is about a subject that the books do not have"


def find_subject(ledger: Ledger, event: ClockEvent) -> str | None:
    """The subject that it names; None where the books have none of that name."""
    return event.data.subject if event.data.subject in ledger.directory.keys else None


def handle(ledger: Ledger, arrival: Arrival, event: ClockEvent, subject: str | None) -> None:
    """Fold it; one that comes too early is set aside, and its reminder made again."""
    if subject is None:
        ledger.quarantine(arrival, NO_SUBJECT)
    elif _is_early(event.data, ledger):
        ledger.quarantine(arrival, EARLY)
        ledger.remind(subject, ledger.now)
    else:
        ledger.fold(arrival, event, subject)


def _is_early(tick: Tick, ledger: Ledger) -> bool:
    return tick.at - timedelta(days=tick.lead or 0) > ledger.now + AHEAD
