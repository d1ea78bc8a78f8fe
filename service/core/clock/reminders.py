"""Which instants of a subject are still to come, and as what each will be told."""

from dataclasses import dataclass
from datetime import datetime

from service.core.clock.turning import eve_of, turnings_of
from service.core.event import Handling, Tick, Turn
from service.core.standing.history import History


@dataclass(frozen=True, slots=True, order=True)
class Reminder:
    """One instant of a subject. `handling`: what rests on a simulation alerts as one."""

    turn: Turn
    at: datetime
    handling: Handling = Handling.LIVE


def reminders_of(history: History, after: datetime) -> frozenset[Reminder]:
    """What turns later than `after` and was not put on the log yet."""
    every = turnings_of(history.fold, after)
    if not every:
        return frozenset()
    told = {identity for identity, one in history.by_identity.items() if one.is_tick}
    real = _real(history, after)
    return frozenset(
        Reminder(
            one.turn,
            one.at,
            Handling.LIVE if (one.turn, one.at) in real else Handling.SIMULATED,
        )
        for one in every
        if Tick(subject=history.subject, turn=one.turn, at=one.at).identity not in told
    )


def renewed(
    history: History, held: frozenset[Reminder], after: datetime
) -> tuple[frozenset[Reminder], frozenset[Reminder]]:
    """Of the reminders held, those to cancel; and those to enter, which lie after `after`.

    One that has come and was not put on the log yet is kept for as long as it holds.
    """
    eves = [eve_of(one.at) for one in held]
    every = reminders_of(history, min([after, *eves]))
    return held - every, frozenset(one for one in every - held if one.at > after)


def _real(history: History, after: datetime) -> frozenset[tuple[Turn, datetime]]:
    """What turns without anything that was only simulated."""
    fold = history.fold
    if any(one.event.handling is Handling.SIMULATED for one in history.every):
        fold = history.only(lambda one: one.event.handling is not Handling.SIMULATED).fold
    return frozenset((one.turn, one.at) for one in turnings_of(fold, after))
