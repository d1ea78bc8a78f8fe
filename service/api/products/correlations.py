"""Codes that change: tables loaded by whoever runs this, and what owners decide of them."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from service.api.bodies import describe, form_of, read_body
from service.api.desk import AtDesk, Desk
from service.api.problems import Conflict, Invalid, NotFound
from service.api.products.catalogues import MAX_BYTES, check_media, describe_file
from service.api.questions import AtPage, refuse_parameter, send
from service.api.steering.forms import NoteForm, doer_of
from service.core.catalogue import BadTable
from service.core.catalogue.correlating import Steps, read_steps
from service.core.codes import UnknownNomenclature, find_nomenclature
from service.core.correlation import Turn, Word, chain, without_heirs
from service.core.event import Fault
from service.store.following import subscriptions
from service.store.following.accounts import DEFAULT
from service.store.following.subscriptions import SubscriptionValue
from service.store.ids import new_id
from service.store.products.correlations import (
    CorrelationValue,
    add_correlation,
    find_correlation,
    list_correlations,
    list_steps,
)
from service.store.products.deciding import Decision, list_decisions, read_decided
from service.store.products.telling import settle
from service.store.steering.deeds import record_deed

SHOWN = 200
_EXAMPLE = "old,new,kind\n8703.23.01,8703.23.02,split\n8703.23.01,8703.23.03,split\n"
_WORDS = {"accept": Word.ACCEPTED, "decline": Word.DECLINED}

router = APIRouter(prefix="/v1", tags=["codes"])


class DecisionForm(NoteForm):
    """Go on with the new codes alone, or with the old; of one correlation, or of all open ones."""

    decision: Literal["accept", "decline"]
    correlation: Annotated[str, Field(max_length=80)] = ""


@router.post(
    "/correlations",
    status_code=202,
    summary="Load codes that change",
    openapi_extra=describe_file(_EXAMPLE),
)
async def load(
    request: Request,
    desk: AtDesk,
    nomenclature: Annotated[str, Query(description="Whose list: HS, HTS, CN, TARIC …")],
    effective: Annotated[str, Query(description="The first day of the new codes: 2026-07-01.")],
    title: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """A table of old and new codes as CSV; `new` is empty where a code is retired.

    Whoever follows a code that changes is told once, and goes on with the old and the new codes
    until they decide. Nothing is loaded unless every row can be read; the same file twice is one.
    """
    check_media(request)
    body = await read_body(request, MAX_BYTES)
    day = _read_day(effective)
    steps = await asyncio.to_thread(_read, body, nomenclature)
    digest = hashlib.sha256(f"{nomenclature} {day} ".encode() + body).hexdigest()
    now = desk.clock()
    value = CorrelationValue(
        id=new_id("cor", now),
        nomenclature=find_nomenclature(nomenclature),
        title=title.strip(),
        effective=day,
        rows=len(steps.steps),
        sha256=digest,
        loaded_at=now,
        due_at=now,
    )
    made = await desk.db.run_write(partial(_store, desk=desk, value=value, steps=steps))
    desk.wake_dispatch()
    return send(_show(made), 202, {"Location": f"/v1/correlations/{made.id}"})


def _read_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        refuse_parameter("effective", "write a day as 2026-07-01")


def _read(body: bytes, nomenclature: str) -> Steps:
    try:
        found = read_steps(body, nomenclature)
    except UnknownNomenclature as error:
        refuse_parameter("nomenclature", str(error))
    except BadTable as error:
        raise Invalid(str(error), [Fault("body", str(error))]) from error
    if found.bad:
        said = f"{len(found.bad):,} rows cannot be read, so nothing is loaded: mend them"
        raise Invalid(said, [Fault(f"line {one.line}", one.what) for one in found.bad])
    return found


async def _store(
    session: AsyncSession, desk: Desk, value: CorrelationValue, steps: Steps
) -> CorrelationValue:
    held = await find_correlation(session, sha256=value.sha256)
    if held:
        return held
    await add_correlation(session, value, steps.steps)
    essence = {"nomenclature": value.nomenclature, "effective": value.effective}
    of = f"correlation:{value.id}"
    await record_deed(session, doer_of(desk), "load_codes", of, **essence, rows=value.rows)
    return value


@router.get("/correlations", summary="List codes that change")
async def list_all(desk: AtDesk, page: AtPage) -> Response:
    """The tables in the order of their loading."""
    async with desk.db.read() as session:
        found = await list_correlations(session, page.by_id)
    return page.answer(found, _show, "id")


@router.get("/correlations/{correlation_id}", summary="Show codes that change")
async def read(desk: AtDesk, page: AtPage, correlation_id: str) -> Response:
    """Its rows, page by page, in the order of the file."""
    async with desk.db.read() as session:
        if await find_correlation(session, identity=correlation_id) is None:
            said = f"there is no correlation {correlation_id[:80]!r}"
            raise NotFound(said, [Fault("path", said)])
        found = await list_steps(session, correlation_id, page.by_number("oldest"))
    shown = found[: page.limit]
    items = [{"old": old, "new": new or None, "kind": kind} for _, old, new, kind in shown]
    return page.answer_items(items, shown[-1][0] if len(found) > page.limit else None)


@router.get(
    "/subscriptions/{subscription_id}/code-changes", summary="List the code changes that concern it"
)
async def list_changes(desk: AtDesk, subscription_id: str) -> Response:
    """With what was decided, and the codes of its lanes with what follows them."""
    async with desk.db.read() as session:
        held = await _demand(session, subscription_id)
        decisions = await list_decisions(session, held.id)
        decided = await read_decided(session, held.id)
    _, links = chain(without_heirs(held.rule), decided)
    turns = {link.correlation.id: link.turns for link in links}
    items = [_show_decision(one, turns[one.correlation_id]) for one in decisions]
    return send({"items": items})


@router.post(
    "/subscriptions/{subscription_id}/code-changes",
    summary="Decide on code changes",
    openapi_extra=describe(DecisionForm, accept={"decision": "accept"}),
)
async def decide_changes(
    desk: AtDesk,
    subscription_id: str,
    form: Annotated[DecisionForm, Depends(form_of(DecisionForm))],
) -> Response:
    """Accept: from their day the new codes alone match. Decline: the old codes alone.

    Without `correlation` all that are open. A decision can be changed by naming its correlation.
    """
    doer, word = doer_of(desk, form.reason), _WORDS[form.decision]

    async def work(session: AsyncSession) -> list[str]:
        held = await _demand(session, subscription_id)
        decisions = await list_decisions(session, held.id)
        chosen = [one.correlation_id for one in decisions if _is_chosen(one, form.correlation)]
        if not chosen:
            said = "no code change is open for this subscription" + (
                f" by {form.correlation!r}" if form.correlation else ""
            )
            raise Conflict(said, [Fault("correlation", said)])
        await settle(session, DEFAULT, held.id, chosen, word, doer.at)
        of = f"subscription:{held.id}"
        await record_deed(session, doer, f"{form.decision}_codes", of, correlations=chosen)
        return chosen

    chosen = await desk.db.run_write(work)
    desk.wake_dispatch()
    return send({"subscription": subscription_id, "word": word.value, "correlations": chosen})


def _is_chosen(one: Decision, named: str) -> bool:
    return one.correlation_id == named if named else one.word is Word.OPEN


async def _demand(session: AsyncSession, subscription_id: str) -> SubscriptionValue:
    value = await subscriptions.find_subscription(session, DEFAULT, subscription_id)
    if value is None:
        said = f"there is no subscription {subscription_id[:80]!r}"
        raise NotFound(said, [Fault("path", said)])
    return value


def _show(value: CorrelationValue) -> dict[str, Any]:
    shown = {name: one for name, one in asdict(value).items() if name not in {"cursor", "due_at"}}
    return shown | {"done": value.due_at is None}


def _show_decision(one: Decision, turns: Sequence[Turn]) -> dict[str, Any]:
    return asdict(one) | {
        "codes": [asdict(turn) for turn in turns[:SHOWN]],
        "codes_more": max(0, len(turns) - SHOWN),
    }
