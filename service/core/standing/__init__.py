"""What we hold: the history of a subject, its fold, and what stood at any instant as then known."""

from service.core.standing.claims import Claim
from service.core.standing.entry import Entry
from service.core.standing.history import History
from service.core.standing.measure import (
    MeasureStanding,
    Standing,
    duty_applied,
    standing,
)
from service.core.standing.track import TrackStanding, track_key

__all__ = [
    "Claim",
    "Entry",
    "History",
    "MeasureStanding",
    "Standing",
    "TrackStanding",
    "duty_applied",
    "standing",
    "track_key",
]
