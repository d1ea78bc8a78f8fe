"""`tariff.measure`: find the measure that an event is about, and fold the event into it."""

from consumers.ledger import Arrival, Ledger
from service.core.event.envelope import MeasureEvent
from service.core.standing.naming import Name, name_of


def names_of(event: MeasureEvent) -> tuple[set[str], set[str], set[Name]]:
    """What must be looked up to resolve it: keys, aliases, names."""
    measure = event.data
    if measure.measure:
        return {f"measure:{measure.measure}"}, {measure.measure, *measure.aliases}, set()
    return {f"measure:{name_of(measure).key}"}, set(measure.aliases), {name_of(measure)}


def find_subject(ledger: Ledger, event: MeasureEvent) -> str:
    """The measure's subject; one that is new is entered, unless this is a test."""
    return ledger.directory.resolve(event.data, event.identity, enter=event.is_kept)


def handle(ledger: Ledger, arrival: Arrival, event: MeasureEvent, subject: str) -> None:
    """Fold it; claims that waited for it follow."""
    ledger.fold(arrival, event, subject)
