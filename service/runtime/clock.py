"""What the time of day asks for: telling what has come, pruning, and looking at what waits.

Every process with the clock role keeps the schedule; a lease on each job and period has one of
them do it.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, timedelta
from functools import partial

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from service.dispatch.mailbox import MailboxUnavailable
from service.dispatch.remind import Timekeeper
from service.dispatch.returns import take_returns
from service.log import TOPICS, LogUnavailable
from service.roles import Pulse
from service.runtime.opening import Runtime, utc_now
from service.runtime.owners import care_for_failing, send_heartbeats
from service.store.arrivals.outbox import oldest_at
from service.store.arrivals.progress import list_places
from service.store.database import DatabaseUnavailable
from service.store.evidence.versions import prune_versions
from service.store.leases import lease
from service.store.pacing.failing import expire_held
from service.store.pruning import (
    PAGE,
    empty_attempts,
    prune_alerts,
    prune_changes,
    prune_deeds,
    prune_invitations,
    prune_notices,
    prune_quarantined,
)
from service.store.reminders.coming import next_due
from service.store.stages import count_stages

log = structlog.get_logger()
LOOKS_EVERY = 1.0
"""Seconds between two looks at whether the clock was set back by more than that."""
SLACK = 0.9
"""Of a period a lease lasts this share, so that it never outlives the next start."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is done every so many seconds, by one process at a time."""

    name: str
    seconds: float
    work: Callable[[Runtime], Awaitable[object]]


async def run_clock(runtime: Runtime, stop: asyncio.Event) -> None:
    """Keep the schedule until asked to stop."""
    holder = secrets.token_hex(8)
    scheduler = AsyncIOScheduler(timezone=UTC)
    for job in JOBS:
        scheduler.add_job(
            do,
            "interval",
            [runtime, job, holder],
            seconds=job.seconds,
            next_run_time=utc_now(),  # its own time, whatever a test takes for the hour
            misfire_grace_time=None,  # late is better than never
            coalesce=True,
            max_instances=1,
        )
    scheduler.start()
    await _watch_hour(scheduler, stop)
    scheduler.shutdown(wait=False)


async def _watch_hour(scheduler: AsyncIOScheduler, stop: asyncio.Event) -> None:
    """Until asked to stop: have every job done anew when the clock of the machine is set back.

    The schedule waits for an hour of the day, which would have to come a second time.
    """
    loop = asyncio.get_running_loop()
    ahead = utc_now().timestamp() - loop.time()
    while not stop.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), LOOKS_EVERY)
        former, ahead = ahead, utc_now().timestamp() - loop.time()
        if former - ahead > LOOKS_EVERY:
            log.warning("the clock was set back", seconds=round(former - ahead))
            for job in scheduler.get_jobs():
                job.modify(next_run_time=utc_now())


async def do(runtime: Runtime, job: Job, holder: str) -> bool:
    """Do a job if this period's lease is ours. What is away now is tried in the next period."""
    pulse = runtime.pulses.get("clock") or Pulse("clock")
    try:
        take = partial(
            lease,
            name=f"clock.{job.name}",
            holder=holder,
            now=runtime.clock(),
            seconds=job.seconds * SLACK,
        )
        if not await runtime.db.run_write(take, name="clock"):
            return False
        found = await job.work(runtime)
    except (DatabaseUnavailable, LogUnavailable) as error:
        pulse.wait(error)
        return False
    except Exception as error:  # the schedule goes on; nothing is lost by pruning later
        log.exception("a job failed by our own fault", job=job.name)
        pulse.trouble = f"{job.name}: {error!r}"
        return False
    pulse.end()
    log.debug("job done", job=job.name, found=found)
    return True


async def prune(runtime: Runtime) -> int:
    """Drop log records past their age; none that is not consumed yet."""
    await runtime.know_log()
    async with runtime.db.read() as session:
        places = await list_places(session)
    floors = {key: place.next for key, place in places.items() if key[0] in TOPICS}
    age = timedelta(days=runtime.settings.log_retention_days)
    return await runtime.log.retain(runtime.clock() - age, floors)


async def prune_books(runtime: Runtime) -> Mapping[str, int]:
    """Let go of what is old enough, page by page, so that nobody waits for a lock."""
    settings, now = runtime.settings, runtime.clock()
    attempts = now - timedelta(days=settings.keep_attempts_days)
    results = now - timedelta(days=settings.keep_years * DAYS_A_YEAR)
    held = now - timedelta(days=settings.keep_held_days)
    work = {
        "empty_attempts": partial(empty_attempts, before=attempts),
        "expire_held": partial(expire_held, before=held, now=now),
        "prune_alerts": partial(prune_alerts, before=results),  # before what they are about
        "prune_changes": partial(prune_changes, before=results),
        "prune_notices": partial(prune_notices, before=results),
        "prune_quarantined": partial(prune_quarantined, before=results),
        "prune_invitations": partial(prune_invitations, before=attempts),
        "prune_deeds": partial(prune_deeds, before=results),
        "prune_versions": partial(prune_versions, before=results),
    }
    return {name: await _prune(runtime, one) for name, one in work.items()}


async def _prune(runtime: Runtime, work: Callable[..., Awaitable[int]]) -> int:
    total = 0
    while True:
        page = await runtime.db.run_write(work, name="clock")
        total += page
        if page < PAGE:
            return total


async def watch(runtime: Runtime) -> Sequence[str]:
    """Say in the log what has waited for too long; the metrics say it all the time."""
    now = runtime.clock()
    stages = await runtime.db.run_read(count_stages)
    since = {
        "source": await runtime.db.run_read(oldest_at),
        "clock": await runtime.db.run_read(next_due),
        "match": stages.unplanned_since,
        "delivery": stages.pending_since,
    }
    late = [
        stage
        for stage, oldest in since.items()
        if oldest and (now - oldest).total_seconds() > PATIENCE[stage]
    ]
    for stage in late:
        log.warning("waits for too long", stage=stage, since=str(since[stage]))
    return late


async def read_bounces(runtime: Runtime) -> int:
    """Mail that came back is written onto what it was."""
    if runtime.mailbox is None:
        return 0
    try:
        return await take_returns(runtime.db, runtime.mailbox, runtime.clock)
    except MailboxUnavailable as error:
        log.warning("bounces wait", reason=str(error))
        return 0


async def remind(runtime: Runtime) -> int:
    """Put on the log what has come, and what somebody wants to hear of before."""
    late = timedelta(hours=runtime.settings.remind_within_hours)
    ring = partial(runtime.bells.ring, "publish")
    return await Timekeeper(runtime.db, runtime.clock, late, ring).tick()


DAYS_A_YEAR = 365.25
PATIENCE = {"source": 60, "clock": 120, "match": 60, "delivery": 300}
"""Seconds by stage after which a person should look."""

JOBS = (
    Job("reminders", 5, remind),
    Job("log", 3600, prune),
    Job("books", 3600, prune_books),
    Job("watch", 60, watch),
    Job("failing", 60, care_for_failing),
    Job("heartbeats", 60, send_heartbeats),
    Job("bounces", 60, read_bounces),
)
