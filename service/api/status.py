"""What each stage has done, waits for, lags behind: the whole installation on one page."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Response

from service.api.desk import AtDesk, Desk
from service.api.health import Standing, lag, look, partitions_of
from service.api.questions import send
from service.api.sealing import warning_of
from service.log import LogUnavailable
from service.store.pacing.paces import count_failing, list_worst

router = APIRouter(tags=["health"])


@router.get("/v1/status", summary="What each stage does")
async def status(desk: AtDesk) -> Response:
    """For each stage from source to receipt: what is done, what waits, and since when.

    `dates` is what time will bring: when the clock looks next, and how long that is overdue.

    `roles` and `trouble` are those of the process that answers; all else is of all of them.
    """
    now, pulses = desk.clock(), desk.pulses()
    found = await look(desk)
    failing = await _failing_json(desk, now)
    partitions = await partitions_of(desk)
    return send(
        {
            "at": now,
            "roles": {name: pulse.is_running for name, pulse in pulses.items()},
            "trouble": {name: pulse.trouble for name, pulse in pulses.items() if pulse.trouble},
            "log": {"id": _log_id(desk), "partitions": partitions},
            "outbox": {
                "waiting": found.outbox,
                "limit": desk.settings.outbox_limit,
                **_since(found.outbox_since, now),
            },
            "dates": {
                "next": found.next_date,
                "lag_seconds": lag(found.next_date, now),
            },
            "sending": {"held": found.hold, "mode": desk.settings.send},
            "mail": {"trouble": found.mail and asdict(found.mail)},
            "secrets": {"sealed": desk.vault.seals, "warning": warning_of(desk)},
            "failing": failing,
            "leases": found.leases,
            "quarantine": {"open": found.open_entries},
            "stages": _stages_json(desk, found, partitions, now),
        }
    )


async def _failing_json(desk: Desk, now: datetime) -> dict[str, Any]:
    """Those that nothing reaches, the longest first; `percent` of the way to being disabled."""
    patience = timedelta(hours=desk.settings.disable_after_hours)
    async with desk.db.read() as session:
        count = await count_failing(session)
        worst = await list_worst(session, MOST_FAILING)
    return {
        "count": count,
        "destinations": [
            {
                "id": one.destination_id,
                "name": one.name,
                "failures": one.failures,
                "since": one.since,
                "percent": max(0, min(100, int((now - one.since) / patience * 100))),
                "disabled_at": one.since + patience,
            }
            for one in worst
        ],
    }


MOST_FAILING = 20


def _log_id(desk: Desk) -> str | None:
    try:
        return desk.log.id
    except LogUnavailable:
        return None


def _stages_json(
    desk: Desk, found: Standing, partitions: list[dict[str, Any]], now: datetime
) -> Mapping[str, Any]:
    stages = found.stages
    receipts = dict(stages.receipts)
    return {
        "source": {"done": _accepted(desk), "waiting": sum(found.outbox.values())},
        "event": {
            "done": sum(one["records"] for one in partitions),
            "waiting": sum(one["behind"] for one in partitions),
            "outcomes": dict(stages.outcomes),
        },
        "change": {"done": stages.changes, "waiting": 0},
        "match": {
            "done": stages.changes - stages.unplanned,
            "waiting": stages.unplanned,
            "awaiting_approval": stages.awaiting,
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
    return {"oldest": oldest, "lag_seconds": lag(oldest, now)}
