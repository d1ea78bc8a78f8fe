"""What a supervisor and Prometheus ask of every process, whatever its roles."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from service.api.desk import AtDesk, Desk
from service.api.questions import send
from service.log import TOPICS, LogError, LogUnavailable
from service.store.arrivals.outbox import count_waiting, oldest_at
from service.store.arrivals.progress import list_places
from service.store.arrivals.quarantined import count_open
from service.store.database import DatabaseUnavailable
from service.store.delivery.sending import find_hold
from service.store.leases import list_leases
from service.store.mail.trouble import MailTrouble, read_mail_trouble
from service.store.reminders.coming import next_due
from service.store.stages import Stages, count_stages

open_router = APIRouter(tags=["health"])
router = APIRouter(tags=["health"])

READERS = frozenset({"consume", "publish"})
"""Roles that can do nothing while the log is away; the API can."""

PROBE_SECONDS = 3.0
"""A server that takes longer to answer so little does not answer; a prober waits no longer."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the database says of the whole installation, in one look.

    `next_date` is when the clock looks at a date next, or should have.
    """

    stages: Stages
    open_entries: int
    outbox: dict[str, int]
    outbox_since: datetime | None
    next_date: datetime | None
    hold: str | None
    mail: MailTrouble | None
    leases: dict[str, str]


@open_router.get("/livez", summary="Is the process alive?")
async def live() -> Response:
    """It is, when this is answered."""
    return send({"alive": True})


@open_router.get(
    "/readyz", summary="Can it do its work?", responses={503: {"description": "Not now."}}
)
async def ready(desk: AtDesk) -> Response:
    """Every role runs and waits for nothing; a process with the API is ready while that can work.

    It takes events while the log is away, as long as the outbox has room.
    """
    pulses = desk.pulses()
    roles = {name: pulse.is_running for name, pulse in pulses.items()}
    waiting, has_log = await asyncio.gather(_count_outbox(desk), _log_answers(desk))
    is_full = waiting is not None and waiting >= desk.settings.outbox_limit
    needs_log = "api" not in roles and not READERS.isdisjoint(roles)
    trouble = {name: pulse.trouble for name, pulse in pulses.items() if pulse.trouble}
    works = "api" in roles or not (trouble or (needs_log and not has_log))
    is_ready = waiting is not None and all(roles.values()) and not is_full and works
    said = {
        "ready": is_ready,
        "database": waiting is not None,
        "log": has_log,
        "outbox": {"waiting": waiting, "full": is_full},
        "roles": roles,
        "trouble": trouble,
    }
    return send(said, 200 if is_ready else 503)


@router.get("/metrics", summary="For Prometheus", response_class=Response)
async def metrics(desk: AtDesk) -> Response:
    """One family a stage; what waits is counted when asked.

    A process answers while the database is away, with what it counted itself.
    """
    _measure_roles(desk)
    try:
        found = await look(desk)
        _measure(desk, found, await partitions_of(desk))
        desk.metrics.up.labels("database").set(1)
    except DatabaseUnavailable:
        desk.metrics.up.labels("database").set(0)
    return Response(generate_latest(desk.metrics.registry), media_type=CONTENT_TYPE_LATEST)


async def look(desk: Desk) -> Standing:
    """Everything that is counted in the database."""
    async with desk.db.read() as session:
        return Standing(
            stages=await count_stages(session),
            open_entries=await count_open(session),
            outbox=dict(await count_waiting(session)),
            outbox_since=await oldest_at(session),
            next_date=await next_due(session),
            hold=await find_hold(session),
            mail=await read_mail_trouble(session),
            leases={name: one.holder for name, one in (await list_leases(session)).items()},
        )


async def partitions_of(desk: Desk) -> list[dict[str, Any]]:
    """`behind` counts positions of the log: at most so many records, for it may have holes.

    While the log is away its ends are not known, and nothing is said to be behind.
    """
    async with desk.db.read() as session:
        places = await list_places(session)
    found = []
    for (topic, partition), end in (await _find_ends(desk, places)).items():
        place = places.get((topic, partition))
        read = place.next if place else 0
        found.append(
            {
                "topic": topic,
                "partition": partition,
                "next": read,
                "end": end,
                "behind": max(0, (end or 0) - read),
                "records": place.records if place else 0,
            }
        )
    return found


async def _find_ends(desk: Desk, places: Any) -> dict[tuple[str, int], int | None]:
    try:
        return {
            (topic, partition): end
            for topic in TOPICS
            for partition, end in sorted((await desk.log.ends(topic)).items())
        }
    except LogUnavailable:
        return dict.fromkeys(sorted(places))


def _measure_roles(desk: Desk) -> None:
    for name, pulse in desk.pulses().items():
        desk.metrics.roles.labels(name).set(pulse.is_running and not pulse.trouble)


def _measure(desk: Desk, found: Standing, partitions: list[dict[str, Any]]) -> None:
    stages, metrics, now = found.stages, desk.metrics, desk.clock()
    waiting = {
        "source": sum(found.outbox.values()),
        "event": sum(one["behind"] for one in partitions),
        "match": stages.unplanned,
        "approval": stages.awaiting,
        "delivery": stages.pending,
        "held": stages.held,
        "quarantine": found.open_entries,
    }
    for stage, count in waiting.items():
        metrics.waiting.labels(stage).set(count)
    since = {
        "source": found.outbox_since,
        "clock": found.next_date,
        "match": stages.unplanned_since,
        "delivery": stages.pending_since,
    }
    for stage, oldest in since.items():
        metrics.oldest.labels(stage).set(lag(oldest, now))
    for one in partitions:
        metrics.lag.labels(one["topic"], str(one["partition"])).set(one["behind"])
    metrics.held.set(found.hold is not None)
    metrics.up.labels("log").set(all(one["end"] is not None for one in partitions))


def lag(oldest: datetime | None, now: datetime) -> float:
    """Seconds since the oldest is due; what is due later does not lag."""
    return max(0.0, (now - oldest).total_seconds()) if oldest else 0.0


async def _count_outbox(desk: Desk) -> int | None:
    """How many events wait for the log; None when the database does not answer."""
    try:
        async with asyncio.timeout(PROBE_SECONDS), desk.db.read() as session:
            return sum((await count_waiting(session)).values())
    except (DatabaseUnavailable, OSError):
        return None


async def _log_answers(desk: Desk) -> bool:
    """Not cut off when it takes longer: what hangs is then given up where it was begun."""
    asking = asyncio.ensure_future(_ask_log(desk))
    done, _ = await asyncio.wait({asking}, timeout=PROBE_SECONDS)
    return bool(done) and asking.result()


async def _ask_log(desk: Desk) -> bool:
    try:
        await desk.log.ends(TOPICS[0])
    except LogError:
        return False
    return True
