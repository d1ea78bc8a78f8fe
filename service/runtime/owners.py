"""What a clock finds that owners should know: what fails, what was disabled, that all is quiet."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from service.core.sending.notice import Kind
from service.log import TOPICS, LogUnavailable
from service.runtime.opening import Runtime
from service.store.arrivals.outbox import count_waiting
from service.store.notices.beats import beat, list_due_beats
from service.store.notices.channel import Terms
from service.store.notices.silence import Heard
from service.store.notices.telling import Telling
from service.store.notices.troubles import tell_disabled, tell_recovered, warn
from service.store.notices.watching import list_disabled, list_failing_for_long, list_recovered
from service.store.pacing.failing import disable_if_failing
from service.store.pacing.paces import list_failing

WORDS = {
    Kind.FAILING: "nothing reaches a destination",
    Kind.DISABLED: "disabled a destination",
    Kind.RECOVERED: "a destination recovered",
    Kind.HEARTBEAT: "told a destination that all is quiet",
}
LOUD = frozenset({Kind.FAILING, Kind.DISABLED})

log = structlog.get_logger()


async def care_for_failing(runtime: Runtime) -> Sequence[str]:
    """Warn the owners of destinations that fail, and stop sending where patience is over.

    Returns those that were disabled.
    """
    stopped = await disable_failing(runtime)
    now, terms = runtime.clock(), terms_of(runtime)
    looks: Mapping[Tell, Callable[[AsyncSession], Awaitable[Sequence[str]]]] = {
        tell_recovered: list_recovered,
        tell_disabled: list_disabled,
        warn: partial(list_failing_for_long, terms=terms, now=now),
    }
    for tell, look in looks.items():
        for one in await runtime.db.run_read(look):
            await _tell(runtime, partial(tell, destination_id=one, terms=terms, now=now))
    return stopped


Tell = Callable[..., Awaitable[Telling | None]]


def terms_of(runtime: Runtime) -> Terms:
    """What the settings say of failing destinations."""
    settings = runtime.settings
    patience = timedelta(hours=settings.disable_after_hours)
    return Terms(patience, settings.keep_held_days, settings.warn_email)


async def disable_failing(runtime: Runtime) -> Sequence[str]:
    """Stop sending where nothing has arrived for too long; what waits there is held."""
    now = runtime.clock()
    before = now - timedelta(hours=runtime.settings.disable_after_hours)
    failing = await runtime.db.run_read(partial(list_failing, before=before))
    return [
        one.destination_id
        for one in failing
        if await runtime.db.run_write(partial(disable_if_failing, given=one, now=now), name="clock")
    ]


async def send_heartbeats(runtime: Runtime) -> int:
    """Where that was asked for, and nothing else was sent; how many."""
    due = await runtime.db.run_read(partial(list_due_beats, now=runtime.clock()))
    if not due:
        return 0
    heard = await _listen(runtime)
    told = [await _tell(runtime, partial(beat, destination_id=one, heard=heard)) for one in due]
    return len([one for one in told if one])


async def _listen(runtime: Runtime) -> Heard:
    """The outbox first: what leaves it meanwhile is found in the log."""
    now = runtime.clock()
    outbox = await runtime.db.run_read(count_waiting)
    try:
        ends = {
            (topic, partition): end
            for topic in TOPICS
            for partition, end in (await runtime.log.ends(topic)).items()
        }
    except LogUnavailable:
        return Heard(now, sum(outbox.values()), None)
    return Heard(now, sum(outbox.values()), ends)


async def _tell(
    runtime: Runtime, work: Callable[[AsyncSession], Awaitable[Telling | None]]
) -> Telling | None:
    told = await runtime.db.run_write(work, name="clock")
    if told is not None:
        runtime.metrics.notices.labels(told.kind).inc()
        speak = log.warning if told.kind in LOUD else log.info
        speak(WORDS[told.kind], destination=told.about, told=told.to or "nobody")
        runtime.bells.ring("send")
    return told
