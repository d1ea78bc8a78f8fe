"""A change as lists show it: in the API and on the changes topic, word for word the same."""

from datetime import datetime
from typing import Any

from service.core.change import Change
from service.core.sentence.sentence import say
from service.core.shapes import pick

_SHOWN = (
    "id",
    "subject",
    "sequence",
    "previous",
    "kinds",
    "severity",
    "mode",
    "certainty",
    "event",
    "event_type",
    "old",
    "new",
    "delta_pp",
    "announced_at",
    "effective_at",
    "moved_from",
    "until",
    "retroactive",
    "days",
    "known_at",
    "seen_at",
)


def in_brief(change: Change, number: int, recorded_at: datetime) -> dict[str, Any]:
    """Without the snapshots, and with the sentence that a trader would write."""
    return {
        "number": number,
        "recorded_at": recorded_at,
        "said": say(change),
        **pick(change, _SHOWN),
        "href": f"/v1/changes/{change.id}",
    }
