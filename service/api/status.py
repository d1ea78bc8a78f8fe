"""How the service does: alive, ready, and what each stage has done, waits for, lags behind."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from service.api.desk import AtDesk, Desk
from service.api.questions import send
from service.log import LogError
from service.store.progress import list_places
from service.store.quarantined import count_open
from service.store.stages import Stages, count_stages

TOPICS = ("tariffs", "negotiations")

open_router = APIRouter(tags=["health"])
router = APIRouter(tags=["health"])


@open_router.get("/livez", summary="Is the process alive?")
async def live() -> Response:
    """It is, when this is answered."""
    return send({"alive": True})


@open_router.get(
    "/readyz", summary="Can it do its work?", responses={503: {"description": "Not now."}}
)
async def ready(desk: AtDesk) -> Response:
    """Database and log answer, and every role runs."""
    roles = dict(desk.health())
    answers = {"database": await _database_answers(desk), "log": await _log_answers(desk)}
    is_ready = all(answers.values()) and all(roles.values())
    return send({"ready": is_ready, **answers, "roles": roles}, 200 if is_ready else 503)


@router.get("/v1/status", summary="What each stage does")
async def status(desk: AtDesk) -> Response:
    """For each stage from source to receipt: what is done, what waits, and since when."""
    now = desk.clock()
    stages, open_entries = await _count(desk)
    partitions = await _partitions(desk)
    return send(
        {
            "at": now,
            "roles": dict(desk.health()),
            "log": {"id": desk.log.id, "partitions": partitions},
            "quarantine": {"open": open_entries},
            "stages": _stages_json(desk, stages, partitions, now),
        }
    )


@router.get("/metrics", summary="For Prometheus", response_class=Response)
async def metrics(desk: AtDesk) -> Response:
    """One family a stage; what waits is counted when asked."""
    stages, open_entries = await _count(desk)
    waiting = {
        "event": sum(one["behind"] for one in await _partitions(desk)),
        "match": stages.unplanned,
        "delivery": stages.pending,
        "held": stages.held,
        "quarantine": open_entries,
    }
    for stage, count in waiting.items():
        desk.metrics.waiting.labels(stage).set(count)
    return Response(generate_latest(desk.metrics.registry), media_type=CONTENT_TYPE_LATEST)


async def _count(desk: Desk) -> tuple[Stages, int]:
    async with desk.db.read() as session:
        return await count_stages(session), await count_open(session)


async def _partitions(desk: Desk) -> list[dict[str, Any]]:
    """`behind` counts positions of the log: at most so many records, for it may have holes."""
    async with desk.db.read() as session:
        places = await list_places(session)
    found = []
    for topic in TOPICS:
        for partition, end in sorted((await desk.log.ends(topic)).items()):
            place = places.get((topic, partition))
            read = place.next if place else 0
            found.append(
                {
                    "topic": topic,
                    "partition": partition,
                    "next": read,
                    "end": end,
                    "behind": max(0, end - read),
                    "records": place.records if place else 0,
                }
            )
    return found


def _stages_json(
    desk: Desk, stages: Stages, partitions: list[dict[str, Any]], now: datetime
) -> Mapping[str, Any]:
    events = dict(stages.outcomes)
    receipts = dict(stages.receipts)
    return {
        "source": {"done": _accepted(desk), "waiting": 0},
        "event": {
            "done": sum(one["records"] for one in partitions),
            "waiting": sum(one["behind"] for one in partitions),
            "outcomes": events,
        },
        "change": {"done": stages.changes, "waiting": 0},
        "match": {
            "done": stages.changes - stages.unplanned,
            "waiting": stages.unplanned,
            **_since(stages.unplanned_since, now),
        },
        "delivery": {
            "done": stages.alerts,
            "waiting": stages.pending,
            "held": stages.held,
            **_since(stages.pending_since, now),
        },
        "receipt": {"done": sum(receipts.values()), "waiting": 0, "outcomes": receipts},
    }


def _accepted(desk: Desk) -> int:
    """Through this process, since it started."""
    return int(desk.metrics.registry.get_sample_value("tariffwire_accepted_total") or 0)


def _since(oldest: datetime | None, now: datetime) -> dict[str, Any]:
    """Since when the oldest is due; what is due later does not lag."""
    lag = max(0.0, (now - oldest).total_seconds()) if oldest else 0.0
    return {"oldest": oldest, "lag_seconds": lag}


async def _database_answers(desk: Desk) -> bool:
    try:
        async with desk.db.read() as session:
            await session.execute(text("SELECT 1"))
    except (SQLAlchemyError, OSError):
        return False
    return True


async def _log_answers(desk: Desk) -> bool:
    try:
        await desk.log.ends(TOPICS[0])
    except LogError:
        return False
    return True
