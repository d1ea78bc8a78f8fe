"""Every step, or the latest alone: when a newer alert takes the place of one that was not sent."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

Steps = Literal["every", "latest"]
EVERY: Steps = "every"
LATEST: Steps = "latest"

_STOPPERS = ("halt:", "recall:")


@dataclass(frozen=True, slots=True)
class Step:
    """An alert that nobody has begun to send. `change` is the number of the change that it tells.

    `mode` is that of the change, `holders` who holds it back; nobody, if it is on its way.
    """

    change: int
    mode: str
    holders: frozenset[str] = frozenset()


def gives_way(older: Step, newer: Step, behind: Collection[str], latest: Collection[str]) -> bool:
    """Whether `newer`, to the same destination on the same subject, is sent instead of `older`.

    `behind` are the subscriptions that asked for `older`, `latest` those that want the latest
    alone: all of them must. What a person has stopped stays stopped, so that resuming or recalling
    it still says what became of it. And whoever holds the newer one back must hold the older one
    too: else news would wait for somebody who has no say in it.
    """
    return (
        older.change < newer.change
        and older.mode == newer.mode
        and bool(behind)
        and all(one in latest for one in behind)
        and not any(one.startswith(_STOPPERS) for one in older.holders)
        and _waits_as_long(older.holders, newer.holders)
    )


def _waits_as_long(older: frozenset[str], newer: frozenset[str]) -> bool:
    return not newer or (bool(older) and older <= newer)


def reason_for(successor: UUID) -> str:
    """As the receipt of the older one says it."""
    return f"superseded by {successor}, which tells the latest"
