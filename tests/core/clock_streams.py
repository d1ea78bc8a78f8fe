"""Ticks of the clock strewn into histories, and the fold read from scratch."""

from datetime import timedelta

from service.core.clock import turnings_of, write_tick
from service.core.event import Handling, Tick, read_event
from service.core.standing import standing
from service.core.standing.history import Entry, History


def tick_of(subject, turning, seen_at, lead=None, handling="live"):
    """The clock's event for a turning, put on the log at `seen_at`."""
    tick = Tick(subject=subject, turn=turning.turn, at=turning.at, lead=lead)
    return Entry(read_event(write_tick(tick, Handling(handling))), seen_at, seen_at)


def ticks_of(held, after, delay=timedelta(seconds=5)):
    """All that turns later than `after`, each told a moment after its instant."""
    return [tick_of(held.subject, one, one.at + delay) for one in turnings_of(held.fold, after)]


def read_anew(entries, subject, at, known_at, recorded_at):
    """Naively: what was recorded and known by then, without the clock, in one new history."""
    kept = [
        Entry(one.event, one.known_at, one.seen_at)
        for one in entries
        if not one.is_tick and one.known_at <= known_at and one.recorded_at <= recorded_at
    ]
    return standing(History(subject, tuple(reversed(kept))), at, known_at)
