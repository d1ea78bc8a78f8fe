"""Why a destination was told of something, or why not: six stages, to the first that stopped it."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from service.api.desk import AtDesk, Desk
from service.api.health import partitions_of
from service.api.problems import Conflict, NotFound
from service.api.questions import refuse_parameter, send
from service.core.event import Fault
from service.core.match import Match
from service.core.match.nearest import Nearest
from service.core.sending.sent import redact_url
from service.core.shapes import as_json
from service.core.why import Account, explain
from service.core.why.asking import Asked
from service.core.why.stage import Stage
from service.core.why.trail import Recipient, Trail, Withheld
from service.store.following.accounts import DEFAULT
from service.store.why.naming import Named, find_named, find_recipients
from service.store.why.reading import Question, find_hold, read_trail

router = APIRouter(tags=["why"])

HELD = "held"
To = Annotated[
    str, Query(min_length=1, max_length=2000, description="A destination's id, URL or address.")
]
About = Annotated[
    str,
    Query(
        min_length=1,
        max_length=2000,
        description="An event, `source id` or its id alone; or a change, its id or number.",
    ),
]


@router.get("/v1/why", summary="Why, or why not")
async def why(desk: AtDesk, to: To, about: About) -> Response:
    """Walks source, event, change, match, delivery, receipt, to the first that stopped it.

    `verdict` is `told`, `not_yet` (it goes on by itself) or `not_told`. `subscriptions` says of
    each one of the destination how it answers the change, as it was when that was recorded;
    `nearest` are single settings with which it would have matched, `matches_now` is what it says
    if it was changed since.
    """
    shown = _check_address(to)
    partitions = await partitions_of(desk)
    unread = sum(one["behind"] for one in partitions)

    async def read(session: AsyncSession) -> Trail:
        recipient = _choose_recipient(await find_recipients(session, DEFAULT, to.strip()), shown)
        asked = about.strip()
        named = _choose_named(await find_named(session, asked))
        withheld = await _find_withheld(desk, session)
        question = Question(DEFAULT, recipient, asked, unread, withheld)
        return await read_trail(session, question, named)

    trail = await desk.db.run_read(read)
    return send(_show(trail, explain(trail, desk.clock())))


async def _find_withheld(desk: Desk, session: AsyncSession) -> Withheld | None:
    if desk.settings.send == HELD:
        return Withheld(reason="TARIFFWIRE_SEND=held")
    return await find_hold(session)


def _check_address(given: str) -> str:
    """As it may be repeated."""
    try:
        return redact_url(given) if "://" in given else given
    except ValueError as error:
        refuse_parameter("to", f"this is no URL: {error}")


def _choose_recipient(found: list[Recipient], shown: str) -> Recipient:
    if not found:
        said = f"there is no destination {shown[:200]!r}; GET /v1/destinations lists them"
        raise NotFound(said, [Fault("query.to", said)])
    if len(found) > 1:
        names = "; ".join(f"{one.id} ({one.kind} {one.address})" for one in found)
        said = f"several destinations are meant, name one by its id: {names}"
        raise Conflict(said, [Fault("query.to", said)])
    return found[0]


def _choose_named(found: list[Named]) -> Named | None:
    """None: nothing in the books is called so."""
    if len(found) > 1:
        names = "; ".join(f"`{one.event[0]} {one.event[1]}`{_say_made(one)}" for one in found)
        said = f"several are called so, name one by source and id: {names}"
        raise Conflict(said, [Fault("query.about", said)])
    return found[0] if found else None


def _say_made(one: Named) -> str:
    return f" (change {one.change.number})" if one.change else ""


def _show(trail: Trail, account: Account) -> dict[str, Any]:
    change = trail.known
    return {
        "verdict": account.verdict.value,
        "said": account.said,
        "to": {
            "id": trail.to.id,
            "kind": trail.to.kind,
            "address": trail.to.address,
            "state": trail.to.state,
        },
        "about": {
            "source": trail.input.source,
            "id": trail.input.id,
            "change": str(change.change.id) if change else None,
            "number": change.number if change else None,
        },
        "rests_on": {
            "citations": as_json(change.change.citations if change else ()),
            "evidence": as_json(change.change.evidence if change else ()),
        },
        "delivery": str(trail.sent.id) if trail.sent else None,
        "stages": [_show_stage(one) for one in account.stages],
        "subscriptions": [_show_asked(one) for one in account.asked],
    }


def _show_stage(one: Stage) -> dict[str, Any]:
    return {
        "stage": one.name.value,
        "state": one.state.value,
        "said": one.said,
        "setting": one.setting or None,
        "at": one.at,
        "href": one.href or None,
    }


def _show_asked(one: Asked) -> dict[str, Any]:
    """Of a match its lane; of a miss what stopped each lane, and what would have let it through."""
    shown: dict[str, Any] = {
        "id": one.follower.id,
        "name": one.follower.name,
        "state": one.follower.state,
        "made_after": one.is_late,
        "changed_since": one.is_other,
        "matches_now": None if one.now is None else isinstance(one.now, Match),
        "matches": isinstance(one.answer, Match),
        "reason": one.answer.reason,
    }
    if isinstance(one.answer, Match):
        return shown | {"lane": one.answer.lane, "possible": one.answer.possible}
    stops = [
        {"lane": lane, "setting": setting, "said": said} for lane, setting, said in one.answer.stops
    ]
    return shown | {"stops": stops, "nearest": [_show_nearest(near) for near in one.nearest]}


def _show_nearest(one: Nearest) -> dict[str, Any]:
    return {
        "lane": one.lane,
        "setting": one.setting,
        "was": one.was,
        "value": one.value,
        "said": one.said,
        "reason": one.reason,
    }
