"""Deliveries that wait: changes, their alerts and what is due of them, straight into the books."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.made_up import rate_events
from benchmarks.population import ACCOUNT, destination_id, subscription_id
from benchmarks.rooms import Room, Row
from service.core.change import Change, write_change
from service.core.change.derive import derive
from service.core.event import read_event
from service.core.sending.delivery import delivery_id
from service.core.standing.history import History
from service.store.standings.histories import entry_of

PAUSE = timedelta(milliseconds=1)
MATCHED = (
    b'[{"subscription":"%s","name":"Cars","external_id":"ext-1","labels":{"desk":"imports"},'
    b'"metadata":{},"lane":1,"reason":"the United States levies it; it is on goods of Japan; '
    b'your 8703 includes 8703.23","possible":false,"six_digits":false,"yours":["8703"]}]'
)


async def queue(
    room: Room,
    changes: int,
    destinations: int,
    since: datetime | None = None,
    pause: timedelta = PAUSE,
) -> int:
    """Each change is due at each destination; how many deliveries that is.

    Page by page a `pause` later, as the planner makes them: just now, or from `since` on.
    """
    at = since or datetime.now(UTC) - changes * pause
    made = [a_rate_change(one, at) for one in rate_events(changes, changes)]
    rows = (change_row(change, number, at) for number, change in enumerate(made, start=1))
    due = (_delivery(row) for row in _alerts(made, destinations, at, pause))
    alerts = _alerts(made, destinations, at, pause)
    await room.fill({"change": rows, "alert": alerts, "delivery": due})
    return changes * destinations


def a_rate_change(raw: dict[str, Any], at: datetime) -> Change:
    """That a made-up event makes, as the first of its measure."""
    history = History(f"measure:{raw['data']['measure']}")
    change = derive(entry_of(read_event(raw), at), history)
    assert change
    return change


def change_row(change: Change, number: int, at: datetime) -> Row:
    """As the consumer writes it."""
    return {
        "id": change.id,
        "number": number,
        "subject": change.subject,
        "sequence": change.sequence,
        "kind": change.headline.value,
        "severity": change.severity.value,
        "certainty": change.certainty.value,
        "mode": change.mode.value,
        "recorded_at": at,
        "body": write_change(change),
    }


def fanout_row(change: Change, number: int) -> Row:
    """Not planned yet."""
    return {
        "change_id": change.id,
        "number": number,
        "cursor": "",
        "is_open": True,
        "looked_at": 0,
        "planned": 0,
    }


def _alerts(
    changes: Sequence[Change], destinations: int, at: datetime, pause: timedelta
) -> Iterator[Row]:
    for place, change in enumerate(changes):
        planned_at = at + place * pause
        for number in range(destinations):
            yield {
                "id": delivery_id(destination_id(number), str(change.id)),
                "number": place * destinations + number,
                "account_id": ACCOUNT,
                "destination_id": destination_id(number),
                "change_id": change.id,
                "subject": change.subject,
                "told_pp": None,
                "matched": MATCHED % subscription_id(number).encode(),
                "created_at": planned_at,
            }


def _delivery(alert: Row) -> Row:
    return {
        "id": alert["id"],
        "destination_id": alert["destination_id"],
        "visible_at": alert["created_at"],
        "attempt": 1,
        "lease": None,
    }
