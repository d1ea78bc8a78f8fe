"""Catalogues: a business's own goods as a CSV file, replaced as a whole or not at all."""

import asyncio
import hashlib
from dataclasses import asdict, dataclass
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from service.api.bodies import read_body
from service.api.desk import AtDesk, Desk
from service.api.problems import Conflict, Invalid, NotFound, WrongType
from service.api.questions import AtPage, refuse_parameter, send
from service.api.steering.forms import doer_of
from service.core.catalogue import BadTable, Reading, read_catalogue
from service.core.catalogue.table import DELIMITERS
from service.core.codes import UnknownNomenclature, UnknownProduct, find_nomenclature, find_product
from service.core.event import Fault
from service.store.following.accounts import DEFAULT
from service.store.products.catalogues import (
    CatalogueValue,
    catalogue_id,
    find_catalogue,
    list_catalogues,
    list_followers,
    list_goods,
    lock_catalogues,
    put_catalogue,
    remove_catalogue,
)
from service.store.products.stocking import TooManyRows, restock
from service.store.steering.deeds import record_deed

MAX_BYTES = 16 * 1_048_576
CSV = "text/csv"
SHOWN_BAD = 100

router = APIRouter(prefix="/v1/catalogues", tags=["catalogues"])

Name = Annotated[
    str,
    Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$", description="Letters, digits, . _ and -"),
]
_EXAMPLE = "code,sku,name\n8708.29,A-100,Roof rack\n8703.80,E-1,City car\n"


@dataclass(frozen=True, slots=True)
class Told:
    """What a sender says of the file; what is left out is found out, and said in the answer."""

    nomenclature: Annotated[
        str | None, Query(description="Whose list its codes of 8 and 10 digits are of: HTS …")
    ] = None
    encoding: (
        Literal["utf-8", "utf-16", "cp1252", "latin-1", "shift_jis", "gb18030", "big5", "euc-kr"]
        | None
    ) = None
    delimiter: Literal["comma", "semicolon", "tab", "pipe"] | None = None
    skip_bad: Annotated[bool, Query(description="Leave out the rows that cannot be taken.")] = False


def describe_file(example: str) -> dict[str, Any]:
    """The `openapi_extra` of a route that reads CSV."""
    content = {CSV: {"schema": {"type": "string"}, "examples": {"table": {"value": example}}}}
    return {"requestBody": {"required": True, "content": content}}


@router.put("/{name}", summary="Upload a catalogue", openapi_extra=describe_file(_EXAMPLE))
async def put(
    request: Request, desk: AtDesk, name: Name, told: Annotated[Told, Depends()]
) -> Response:
    """Your goods as CSV: a line of column names, and a row a good. 201 when it was made, else 200.

    `code` is needed; `sku` and `name` are what alerts then mention. Other names that systems give
    these columns are understood. Nothing is stored unless every row can be taken, or `skip_bad`
    is asked for. Subscriptions that follow the catalogue follow its new codes from this answer on.
    """
    check_media(request)
    body = await read_body(request, MAX_BYTES)
    reading = await asyncio.to_thread(_read, body, told)
    if not told.skip_bad or not reading.goods:
        _refuse_bad(reading)
    held, value, followers = await desk.db.run_write(
        partial(_store, desk=desk, name=name, reading=reading, sha=hashlib.sha256(body).hexdigest())
    )
    shown = _show(value) | _show_reading(reading) | {"followers": followers}
    return send(shown, 200 if held else 201, {"Location": f"/v1/catalogues/{name}"})


def check_media(request: Request) -> None:
    """Tables are sent as CSV, in whatever encoding."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != CSV:
        said = f"send {CSV}, not {media[:80]!r}"
        raise WrongType(said, [Fault("header.Content-Type", said)])


def _read(body: bytes, told: Told) -> Reading:
    if told.nomenclature:
        try:
            find_nomenclature(told.nomenclature)
        except UnknownNomenclature as error:
            refuse_parameter("nomenclature", str(error))
    marks = {name: mark for mark, name in DELIMITERS.items()}
    mark = marks[told.delimiter] if told.delimiter else None
    try:
        return read_catalogue(body, told.nomenclature, told.encoding, mark)
    except BadTable as error:
        raise Invalid(str(error), [Fault("body", str(error))]) from error


def _refuse_bad(reading: Reading) -> None:
    if not reading.bad:
        return
    count, rows = len(reading.bad), len(reading.bad) + len(reading.goods)
    said = f"{count:,} of {rows:,} rows cannot be taken, so nothing is stored: mend them"
    if reading.goods:
        said += ", or send skip_bad=true (--skip-bad) to leave them out"
    raise Invalid(said, [Fault(f"line {one.line}", one.what) for one in reading.bad])


async def _store(
    session: AsyncSession, desk: Desk, name: str, reading: Reading, sha: str
) -> tuple[CatalogueValue | None, CatalogueValue, int]:
    doer = doer_of(desk)
    await lock_catalogues(session, [catalogue_id(DEFAULT, name)])
    held = await find_catalogue(session, DEFAULT, name)
    value = CatalogueValue(
        id=catalogue_id(DEFAULT, name),
        account_id=DEFAULT,
        name=name,
        nomenclature=reading.nomenclature or "",
        rows=len(reading.goods),
        codes=len(reading.codes),
        sha256=sha,
        created_at=held.created_at if held else doer.at,
        updated_at=doer.at,
    )
    await put_catalogue(session, value, reading.goods)
    followers = await list_followers(session, value.id)
    try:
        await restock(session, DEFAULT, followers, doer.at)
    except TooManyRows as error:
        raise Conflict(str(error), [Fault("body", str(error))]) from error
    essence = {"rows": value.rows, "codes": value.codes, "sha256": sha, "skipped": len(reading.bad)}
    await record_deed(session, doer, "put_catalogue", f"catalogue:{name}", **essence)
    return held, value, len(followers)


@router.get("", summary="List catalogues")
async def list_all(desk: AtDesk, page: AtPage) -> Response:
    """By name."""
    async with desk.db.read() as session:
        found = await list_catalogues(session, DEFAULT, page.by_id)
    return page.answer(found, _show, "name")


@router.get("/{name}", summary="Show a catalogue")
async def read(desk: AtDesk, name: Name) -> Response:
    """What it holds in figures, and the subscriptions that follow it."""
    async with desk.db.read() as session:
        value = await _demand(session, name)
        followers = await list_followers(session, value.id)
    return send(_show(value) | {"subscriptions": followers})


@router.get("/{name}/goods", summary="List the goods of a catalogue")
async def read_goods(
    desk: AtDesk,
    page: AtPage,
    name: Name,
    code: Annotated[str | None, Query(description="Only goods of this code and below it.")] = None,
) -> Response:
    """In the order of the file."""
    async with desk.db.read() as session:
        value = await _demand(session, name)
        digits = _digits(code, value.nomenclature) if code else None
        found = await list_goods(session, value.id, page.by_number("oldest"), digits)
    return page.answer(found, asdict, "line")


@router.delete("/{name}", status_code=204, summary="Remove a catalogue")
async def remove(desk: AtDesk, name: Name) -> Response:
    """Not while a subscription follows it: that would follow nothing."""

    async def work(session: AsyncSession) -> None:
        await lock_catalogues(session, [catalogue_id(DEFAULT, name)])
        value = await _demand(session, name)
        followers = await list_followers(session, value.id)
        if followers:
            said = f"{len(followers)} subscriptions follow it, {followers[0]} first: change them"
            raise Conflict(said, [Fault("path", said)])
        await remove_catalogue(session, value.id)
        await record_deed(session, doer_of(desk), "remove_catalogue", f"catalogue:{name}")

    await desk.db.run_write(work)
    return Response(status_code=204)


async def _demand(session: AsyncSession, name: str) -> CatalogueValue:
    value = await find_catalogue(session, DEFAULT, name)
    if value is None:
        said = f"there is no catalogue {name!r}; GET /v1/catalogues lists them"
        raise NotFound(said, [Fault("path", said)])
    return value


def _digits(code: str, nomenclature: str) -> str:
    try:
        return find_product(code, nomenclature or None).digits
    except UnknownProduct as error:
        refuse_parameter("code", str(error))


def _show(value: CatalogueValue) -> dict[str, Any]:
    shown = asdict(value) | {"nomenclature": value.nomenclature or None}
    return {name: one for name, one in shown.items() if name not in {"id", "account_id"}}


def _show_reading(reading: Reading) -> dict[str, Any]:
    return {
        "encoding": reading.encoding,
        "delimiter": DELIMITERS.get(reading.delimiter, reading.delimiter),
        "columns": sorted(reading.columns.places),
        "ignored_columns": list(reading.columns.ignored),
        "skipped": [asdict(one) for one in reading.bad[:SHOWN_BAD]],
        "skipped_count": len(reading.bad),
    }
