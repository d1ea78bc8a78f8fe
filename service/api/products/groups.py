"""Groups of countries: who belongs to them on a day, since when, and by which text."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from service.api.desk import AtDesk
from service.api.problems import NotFound
from service.api.questions import refuse_parameter, send
from service.core.codes import (
    Group,
    Membership,
    UnknownGroup,
    country_name,
    find_group,
    list_groups,
    members,
    memberships,
)
from service.core.event import Fault

router = APIRouter(prefix="/v1/groups", tags=["groups"])
On = Annotated[str | None, Query(description="A day, such as 2020-01-31; today (UTC) if left out.")]


@router.get("", summary="List groups of countries")
async def list_all(desk: AtDesk, on: On = None) -> Response:
    """Those whose members are known, with how many they were on the day."""
    day = _read_day(on, desk.clock().date())
    items = [_show(group) | {"members": len(members(group.code, day))} for group in list_groups()]
    return send({"on": day.isoformat(), "items": items})


@router.get("/{code}", summary="Show a group of countries")
async def read(desk: AtDesk, code: str, on: On = None) -> Response:
    """Its members on the day, and those that left before or joined after it, with the source.

    `since` is the first day of a membership, `until` the first day after it.
    """
    try:
        group = find_group(code)
    except UnknownGroup as error:
        said = f"{error} GET /v1/groups lists them."
        raise NotFound(said, [Fault("path", said)]) from error
    day = _read_day(on, desk.clock().date())
    rows = memberships(group.code)
    parts = {
        "members": [row for row in rows if row.holds(day)],
        "former": [row for row in rows if row.until <= day],
        "later": [row for row in rows if row.since > day],
    }
    shown = {name: [_show_member(row) for row in part] for name, part in parts.items()}
    return send(_show(group) | {"on": day.isoformat()} | shown)


def _read_day(text: str | None, today: date) -> date:
    try:
        return date.fromisoformat(text) if text else today
    except ValueError:
        refuse_parameter("on", "write a day as 2020-01-31")


def _show(group: Group) -> dict[str, Any]:
    return {"code": group.code, "name": group.name, "kind": group.kind}


def _show_member(row: Membership) -> dict[str, Any]:
    return {
        "code": row.code,
        "name": country_name(row.code),
        "since": row.since.isoformat(),
        "until": None if row.until == date.max else row.until.isoformat(),
        "source": row.source,
    }
