"""Comparing with what is written down, and writing it down anew; README.md says how."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import zip_longest
from pathlib import Path
from uuid import UUID

from service.core.change import Change
from service.core.change.derive import weigh
from service.core.clock import turnings_of
from service.core.event import read_event
from service.core.message import Addressed, Told
from service.core.standing.history import Entry, History
from service.events_of_2025 import read_article, read_year
from tests.core.clock_streams import tick_of

FOLDER = Path(__file__).parent
PUBLISHED = datetime(2025, 4, 9, 12, tzinfo=UTC)

TOLD = Told(
    subscription=UUID(int=7),
    name="Everything of China",
    reason="it is on goods of China",
    external_id="erp-42",
    labels=("buying",),
    metadata={"desk": "Hamburg"},
)
ADDRESSED = Addressed(
    delivery_id=UUID(int=1),
    source="urn:tariffwire:golden",
    dataschema="https://tariffwire.example/v1/schemas/change.json",
    href_base="https://tariffwire.example",
    matched=(TOLD,),
    previous_alert=UUID(int=2),
)


def expect(name: str, found: str) -> None:
    """The text equals the file of that name."""
    path = FOLDER / name
    if os.environ.get("TARIFFWIRE_GOLDEN") == "write":
        path.write_text(found, "utf-8")
    assert found == path.read_text("utf-8")


@cache
def changes_of_2025() -> tuple[Change, ...]:
    """All changes of the year and of the article, in the order in which they were known."""
    held: dict[str, History] = {}
    found = []
    for raw in [*read_year(), *read_article()]:
        event = read_event(raw)
        subject, known = str(event.subject), event.knownfrom or PUBLISHED
        derived = weigh(Entry(event, known, known), held.get(subject, History(subject)))
        held[subject] = derived.history
        if derived.change:
            found.append(derived.change)
    return tuple(found)


@cache
def turns_of_2025() -> tuple[Change, ...]:
    """What time alone brings by all that was known of a measure; and the same 7 days ahead."""
    held: dict[str, list[Entry]] = {}
    for raw in [*read_year(), *read_article()]:
        event = read_event(raw)
        known = event.knownfrom or PUBLISHED
        held.setdefault(str(event.subject), []).append(Entry(event, known, known))
    return tuple(
        change
        for subject, entries in held.items()
        if subject.startswith("measure:")
        for change in _turns_of(subject, entries)
    )


def _turns_of(subject: str, entries: list[Entry]) -> Iterator[Change]:
    """Each as it stood between one event and the next."""
    history = History(subject)
    for entry, following in zip_longest(entries, entries[1:]):
        history = weigh(entry, history).history
        for one in turnings_of(history.fold, entry.seen_at):
            for lead in (7, None):
                at = one.at - timedelta(days=lead or 0)
                if entry.seen_at <= at and (following is None or at < following.seen_at):
                    change = weigh(tick_of(subject, one, at, lead), history).change
                    yield from [change] if change else ()


def change_of(event: str) -> Change:
    """The change that one event of 2025 made."""
    return next(one for one in changes_of_2025() if one.event[1] == event)
