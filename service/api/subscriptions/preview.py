"""A subscription tried on history before it is saved: how often it would have alerted."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from service.api.bodies import describe, form_of, refuse
from service.api.desk import AtDesk, Desk
from service.api.problems import TooMany
from service.api.questions import send
from service.api.subscriptions.entry import stock_rule
from service.api.subscriptions.form import RuleForm
from service.api.subscriptions.trying import Tried, take_up_all, try_on
from service.core.event import Fault
from service.core.match.trial import Trial
from service.core.moment import read_moment
from service.core.sentence.sentence import say
from service.store.standings.changes import Recorded, find_numbered

router = APIRouter(prefix="/v1/subscriptions", tags=["subscriptions"])

AT_ONCE = 2
"""Previews that one process makes at a time."""
YEAR = timedelta(days=365)
LONGEST = timedelta(days=3660)


class PreviewForm(RuleForm):
    """What to follow, as in a subscription, and from when on it is tried; nobody is told."""

    since: Annotated[
        str | None,
        Field(max_length=40, description="An instant with offset, or a day; a year ago if unsaid."),
    ] = None


_EXAMPLES: dict[str, Any] = {
    "a_year": {"country": "Vietnam", "min_certainty": "reported"},
    "since_april": {"lanes": [{"importer": "US", "product": "8703"}], "since": "2025-04-01"},
}


class Previews:
    """How many may run at once: who comes beside them is asked to come again."""

    def __init__(self) -> None:
        """Nothing runs yet."""
        self._running = 0

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """`TooMany` while all are taken."""
        if self._running >= AT_ONCE:
            said = f"{AT_ONCE} previews run at the moment: ask again in some seconds"
            raise TooMany(said, [Fault("path", said)], {"Retry-After": "3"})
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1


async def _find(request: Request) -> Previews:
    previews: Previews = request.app.state.previews
    return previews


@router.post(
    "/preview",
    summary="Try a subscription on history",
    openapi_extra=describe(PreviewForm, **_EXAMPLES),
)
async def preview(
    desk: AtDesk,
    form: Annotated[PreviewForm, Depends(form_of(PreviewForm))],
    previews: Annotated[Previews, Depends(_find)],
) -> Response:
    """How many alerts it would have been since then, a month, and on which subjects.

    `stricter` says the same of a surer minimum, a larger minimum delta, and without measures on
    every origin or on goods that are only described. What was replayed as history made no change,
    and is not counted. `complete` is false where only the latest changes were looked at.
    """
    now = desk.clock()
    since = _read_since(form.since, now)
    async with previews.place():
        await take_up_all(desk.db)
        rule = await desk.db.run_write(partial(stock_rule, rule=form.rule))  # locks its catalogues
        tried = await try_on(desk.db, rule, since)
        return send(_show(tried, now) | await _show_loudest(desk, tried.trial))


def _read_since(given: str | None, now: datetime) -> datetime:
    if given is None:
        return now - YEAR
    try:
        since = read_moment(given.strip(), None).at
    except ValueError as error:
        refuse([Fault("since", str(error))], error)
    if since >= now:
        refuse([Fault("since", "that is still to come: name an instant in the past")])
    if since < now - LONGEST:
        refuse([Fault("since", "at most ten years back")])
    return since


def _show(tried: Tried, now: datetime) -> dict[str, Any]:
    trial = tried.trial
    return {
        "since": tried.since,
        "until": now,
        "complete": not tried.is_cut,
        "history_begins": tried.begins,
        "looked_at": trial.looked_at,
        "alerts": trial.asked.alerts,
        "months": [
            {"month": month, "alerts": trial.months[month]}
            for month in _list_months(tried.since, now)
        ],
        "stricter": [
            {"setting": one.setting, "value": one.value, "alerts": one.alerts}
            for one in trial.stricter
        ],
    }


def _list_months(since: datetime, now: datetime) -> Iterator[str]:
    """Each of them, those without alerts too; in UTC."""
    first, last = since.astimezone(UTC), now.astimezone(UTC)
    for count in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        yield f"{count // 12}-{count % 12 + 1:02}"


async def _show_loudest(desk: Desk, trial: Trial) -> dict[str, Any]:
    """Each with the sentence of its last alert."""

    async def read(session: AsyncSession) -> Mapping[int, Recorded]:
        return await find_numbered(session, [one.last for one in trial.loudest])

    found = await desk.db.run_read(read)
    return {
        "loudest": [
            {
                "subject": one.subject,
                "alerts": one.alerts,
                "said": say(found[one.last].change),
                "href": f"/v1/changes/{found[one.last].change.id}",
            }
            for one in trial.loudest
            if one.last in found  # it may have been pruned since
        ]
    }
