"""One batch in one transaction: hold what it touches, fold event by event, write the effects."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from consumers import claims, clock, negotiations, tariffs
from consumers.arrival import Arrival
from consumers.ledger import Ledger
from consumers.stakes import hold
from service.core.clock import renewed
from service.core.event import ClaimAssessed, Event, Identity, named_by
from service.core.event.envelope import ClaimEvent, ClockEvent, MeasureEvent, StepEvent
from service.core.standing.history import Entry, History
from service.log import Batch
from service.store.facets.keeping import keep_outlines
from service.store.numbers import take_numbers
from service.store.reminders.renewing import Renewal, held_reminders, renew
from service.store.standings.events import (
    enter_subjects,
    find_recorded,
    record_effects,
)
from service.store.standings.histories import find_tests, load_histories
from service.store.standings.mentions import find_echoing, find_said


async def fold_batch(
    session: AsyncSession,
    batch: Batch,
    arrivals: Sequence[Arrival],
    now: datetime,
    cache: Mapping[str, History],
) -> Ledger:
    """`cache` has histories as they were once; what was written to them since is read."""
    events = [arrival.event for arrival in arrivals if arrival.event]
    ledger = await _open_ledger(session, batch, events, now)
    subjects = _name_subjects(ledger, events)
    await enter_subjects(session, ledger.directory, _tracks(ledger, events))
    ledger.histories = {key: History(key) for key in subjects}
    ledger.histories |= await load_histories(session, sorted(subjects), cache)
    ledger.tests = await _find_tests(session, ledger, events)
    for arrival in arrivals:
        _fold(ledger, arrival)
    await _renew_reminders(session, ledger)
    await _write(session, ledger)
    return ledger


async def _open_ledger(
    session: AsyncSession, batch: Batch, events: Sequence[Event], now: datetime
) -> Ledger:
    directory = await hold(session, events)
    identities = {event.identity for event in events}
    named = {identity for event in events for identity in named_by(event)}
    recorded = await find_recorded(session, identities | named)
    said = await find_said(session, identities - recorded.keys())
    return Ledger(
        batch.topic,
        batch.partition,
        now,
        dict(recorded),
        said.waiting,
        directory,
        said.namings,
        await find_echoing(session, set(_assessed(events))),
    )


async def _write(session: AsyncSession, ledger: Ledger) -> None:
    effects = ledger.close()
    first = await take_numbers(session, events=len(effects.events), changes=len(effects.changes))
    await record_effects(session, effects, first["events"], first["changes"], ledger.now)
    await keep_outlines(session, list(enumerate(ledger.changes, first["changes"])))


async def _renew_reminders(session: AsyncSession, ledger: Ledger) -> None:
    """With the events that move their dates: a kill leaves both, or neither."""
    if not ledger.reminded:
        return
    held = await held_reminders(session, sorted(ledger.reminded))
    renewals = []
    for subject, after in sorted(ledger.reminded.items()):
        history = ledger.histories[subject]
        gone, new = renewed(history, held.get(subject, frozenset()), after)
        renewals.append(Renewal(subject, gone, new, after))
    await renew(session, renewals)


def _assessed(events: Iterable[Event]) -> list[Identity]:
    return [event.data.about.identity for event in events if isinstance(event.data, ClaimAssessed)]


def _tracks(ledger: Ledger, events: Sequence[Event]) -> list[str]:
    """Tracks to be entered: a test leaves no subject behind, nor does a repeat."""
    first = {event.identity: event for event in reversed(events)}
    named = {key for identity, key in ledger.named.items() if first[identity].is_kept}
    return sorted(key for key in named - ledger.directory.keys if key.startswith("track:"))


async def _find_tests(
    session: AsyncSession, ledger: Ledger, events: Sequence[Event]
) -> dict[str, dict[Identity, Entry]]:
    """What the tests of this batch may build on: earlier tests of their source, or assessed."""
    trials = [event for event in events if not event.is_kept]
    assessed = _assessed(trials)
    named = {identity for trial in trials for identity in named_by(trial)}
    subjects = {ledger.subject_of(identity) for identity in named}
    subjects |= {ledger.named.get(trial.identity) for trial in trials}
    sources = {trial.source for trial in trials} | {source for source, _ in assessed}
    return await find_tests(session, sorted(filter(None, subjects)), sorted(sources))


def _name_subjects(ledger: Ledger, events: Sequence[Event]) -> set[str]:
    """Every subject the batch may touch, so that all are locked before the first is folded.

    A repeat names nothing: it must leave no subject and no alias behind. A claim about an event of
    this batch is about a subject that the event names.
    """
    others: set[str | None] = set()
    handlings = {identity: known.handling for identity, known in ledger.recorded.items()}
    for event in events:
        if event.identity in handlings:
            continue
        if isinstance(event, ClockEvent):
            others.add(clock.find_subject(ledger, event))
        elif not isinstance(event, ClaimEvent):
            ledger.named[event.identity] = _name_subject(ledger, event)
            others.update(map(ledger.subject_of, named_by(event)))
        elif claims.is_refused(event, handlings.get(event.data.about.identity)):
            continue
        else:
            others.add(claims.find_subject(ledger, event))
            others.update(ledger.echoing.get(event.data.about.identity, ()))
        handlings[event.identity] = event.handling
    return {subject for subject in others if subject} | set(ledger.named.values())


def _name_subject(ledger: Ledger, event: MeasureEvent | StepEvent) -> str:
    if isinstance(event, MeasureEvent):
        return tariffs.find_subject(ledger, event)
    return negotiations.subject_of(event)


def _fold(ledger: Ledger, arrival: Arrival) -> None:
    """One arrival to its outcome."""
    event = arrival.event
    if event is None:
        ledger.quarantine(arrival, arrival.fault)
    elif ledger.is_repeat(arrival, event):
        return
    elif isinstance(event, ClaimEvent):
        claims.handle(ledger, arrival, event, claims.find_subject(ledger, event))
    elif isinstance(event, ClockEvent):
        clock.handle(ledger, arrival, event, clock.find_subject(ledger, event))
    elif isinstance(event, StepEvent):
        negotiations.handle(ledger, arrival, event, ledger.named[event.identity])
    else:
        tariffs.handle(ledger, arrival, event, ledger.named[event.identity])
