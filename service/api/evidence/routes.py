"""The routes of evidence: the bundle of a subscription, and the keys that prove whose it is."""

import asyncio
import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Annotated, Any, cast

import structlog
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.types import Message, Send

from service.api.desk import AtDesk, Desk
from service.api.evidence.writing import Case, Writer
from service.api.problems import NotFound, TooMany
from service.api.questions import refuse_parameter, send
from service.core.destination.credentials import Key
from service.core.event import Fault
from service.core.moment import read_moment
from service.core.proof.signing import SEED_BYTES, jwk_x, private_from
from service.store.evidence.keys import PublicKey, know_key, list_keys
from service.store.evidence.versions import list_versions, standing_in
from service.store.following.accounts import DEFAULT
from service.store.installation.identity import know_deployment

router = APIRouter(prefix="/v1/subscriptions", tags=["evidence"])
open_router = APIRouter(prefix="/.well-known/tariffwire", tags=["evidence"])

log = structlog.get_logger()

LONGEST_SPAN = timedelta(days=366)
AT_ONCE = 2
"""Bundles that one process writes: each holds a connection for as long as its reader takes."""
RETRY_SECONDS = "10"
SLICE = 64 << 10
PATIENCE = 30.0
"""Seconds in which a reader must take a slice: two that stall would keep all others out."""
FRESH = {"Cache-Control": "public, max-age=300"}


async def _find_turns(request: Request) -> asyncio.Semaphore:
    turns: asyncio.Semaphore = request.app.state.evidence
    return turns


AtTurns = Annotated[asyncio.Semaphore, Depends(_find_turns)]


@router.get(
    "/{subscription_id}/evidence",
    summary="A signed bundle of what it was told",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/zip": {}}}},
)
async def read(
    desk: AtDesk,
    turns: AtTurns,
    subscription_id: str,
    since: Annotated[
        str, Query(alias="from", description="An instant with offset, or a day (its beginning).")
    ],
    until: Annotated[
        str, Query(alias="to", description="An instant, not included; or a day, included.")
    ],
) -> StreamingResponse:
    """A ZIP file: alerts as sent, changes and quotes, receipts, the rule as it then was, decisions.

    The same for the same books. Of a subscription that was removed too. At most 366 days.
    """
    span = _read_span(since, until)
    if turns.locked():
        said = f"{AT_ONCE} bundles are being written: ask again when one of them is done"
        raise TooMany(said, [Fault("path", said)], {"Retry-After": RETRY_SECONDS})
    drawn = Key(private_from(secrets.token_bytes(SEED_BYTES)), desk.clock())
    async with desk.db.write() as session:
        case = await _open_case(session, subscription_id, span)
        key = await know_key(session, desk.vault, drawn, desk.clock())
    name = f"evidence-{case.subscription_id}.zip"
    return _Patient(
        _write(desk, turns, case, key.text),
        media_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


async def _write(
    desk: Desk, turns: asyncio.Semaphore, case: Case, key: str
) -> AsyncGenerator[bytes]:
    async with (
        turns,
        desk.db.read() as session,
        aclosing(Writer(desk, session, case, key).write()) as pieces,
    ):
        async for piece in pieces:
            for start in range(0, len(piece), SLICE):
                yield piece[start : start + SLICE]


class _Stalled(Exception):
    """The reader takes no more."""


class _Patient(StreamingResponse):
    """Ends unfinished, and gives back what it held, when its reader stalls."""

    async def stream_response(self, send: Send) -> None:
        """Slice by slice, each in its time."""

        async def give(message: Message) -> None:
            try:
                async with asyncio.timeout(PATIENCE):
                    await send(message)
            except TimeoutError as error:
                raise _Stalled from error

        async with aclosing(cast("AsyncGenerator[bytes]", self.body_iterator)):
            try:
                await super().stream_response(give)
            except _Stalled:
                log.warning("evidence is not taken", seconds=PATIENCE)


async def _open_case(
    session: AsyncSession, subscription_id: str, span: tuple[datetime, datetime]
) -> Case:
    versions = await list_versions(session, subscription_id[:200])
    if not any(one.account_id == DEFAULT for one in versions):
        said = f"nothing is known of a subscription {subscription_id[:80]!r}"
        raise NotFound(said, [Fault("path", said)])
    destinations = sorted({to for one in versions for to in one.destinations.split()})
    deployment = await know_deployment(session)
    return Case(subscription_id, span, standing_in(versions, *span), destinations, deployment)


def _read_span(since: str, until: str) -> tuple[datetime, datetime]:
    start, end = _read("from", since).at, _read("to", until).end
    if start >= end:
        refuse_parameter("to", "it must lie after `from`")
    if end - start > LONGEST_SPAN:
        refuse_parameter("to", f"at most {LONGEST_SPAN.days} days at once: ask for a part")
    return start, end


def _read(name: str, text: str) -> Any:
    try:
        return read_moment(text.strip().replace(" ", "+"))  # in a query an unescaped + is a space
    except ValueError as error:
        refuse_parameter(name, str(error))


@open_router.get("/evidence-keys.json", summary="Public keys that prove evidence is ours")
async def public_keys(desk: AtDesk) -> Response:
    """A JSON Web Key Set, each key also as `whpk_…`; empty until something was signed.

    No API key is asked for.
    """
    async with desk.db.read() as session:
        keys = await list_keys(session)
    return send({"keys": [_as_jwk(one) for one in keys]}, headers=FRESH)


def _as_jwk(key: PublicKey) -> dict[str, Any]:
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "alg": "EdDSA",
        "use": "sig",
        "x": jwk_x(key.text),
        "whpk": key.text,
        "made_at": key.made_at,
    }
