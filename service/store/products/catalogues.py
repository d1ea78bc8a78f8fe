"""Catalogues: an owner's goods, replaced as a whole; who follows one is found by its id."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.catalogue import Good
from service.core.catalogue.filling import Shelf
from service.store.lists import one_of, runs
from service.store.products.tables import Catalogue, CatalogueFollower, CatalogueGood
from service.store.rows import Clash, insert_rows
from service.store.spans import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueValue:
    """`rows` are goods, `codes` the distinct ones among theirs."""

    id: str
    account_id: str
    name: str
    nomenclature: str
    rows: int
    codes: int
    sha256: str
    created_at: datetime
    updated_at: datetime


_COLUMNS = [col(getattr(Catalogue, name)) for name in CatalogueValue.__slots__]


def catalogue_id(account_id: str, name: str) -> str:
    """Of account and name alone: who writes a lane need not look it up."""
    return f"{account_id}/{name}"


async def find_catalogue(
    session: AsyncSession, account_id: str, name: str
) -> CatalogueValue | None:
    """The account's catalogue of this name."""
    wanted = select(*_COLUMNS).where(col(Catalogue.id) == catalogue_id(account_id, name))
    row = (await session.execute(wanted)).first()
    return CatalogueValue(**row._mapping) if row else None  # noqa: SLF001 - its public name


async def lock_catalogues(session: AsyncSession, ids: Collection[str]) -> Mapping[str, str | None]:
    """Those that there are, with their nomenclatures; nobody replaces them before we are done."""
    rows = await session.execute(_LOCKED, {"those": sorted(ids)})
    return {row.id: row.nomenclature or None for row in rows}


_LOCKED = (
    select(col(Catalogue.id), col(Catalogue.nomenclature))
    .where(one_of(col(Catalogue.id), "those"))
    .order_by(col(Catalogue.id))
    .with_for_update()
)


async def list_catalogues(
    session: AsyncSession, account_id: str, span: Span
) -> list[CatalogueValue]:
    """By name."""
    wanted = select(*_COLUMNS).where(col(Catalogue.account_id) == account_id)
    rows = await session.execute(span.of(wanted, col(Catalogue.name)))
    return [CatalogueValue(**row._mapping) for row in rows]  # noqa: SLF001 - its public name


async def put_catalogue(
    session: AsyncSession, value: CatalogueValue, goods: Sequence[Good]
) -> None:
    """Enter it, or replace all that it held."""
    await insert_rows(session, Catalogue, [asdict(value)], Clash.REPLACE)
    await _empty(session, value.id)
    rows = [{"catalogue_id": value.id, **asdict(good)} for good in goods]
    await insert_rows(session, CatalogueGood, rows)


async def remove_catalogue(session: AsyncSession, identity: str) -> None:
    """Forget it; nobody follows it."""
    await _empty(session, identity)
    await session.execute(delete(Catalogue).where(col(Catalogue.id) == identity))


async def _empty(session: AsyncSession, identity: str) -> None:
    goods = delete(CatalogueGood).where(col(CatalogueGood.catalogue_id) == identity)
    await session.execute(goods)


async def list_goods(
    session: AsyncSession, identity: str, span: Span, code: str | None = None
) -> list[Good]:
    """In the order of the file; `code` narrows to goods of it and below it."""
    columns = (CatalogueGood.line, CatalogueGood.code, CatalogueGood.sku, CatalogueGood.name)
    wanted = select(*map(col, columns)).where(col(CatalogueGood.catalogue_id) == identity)
    if code:
        wanted = wanted.where(col(CatalogueGood.code).startswith(code))
    rows = await session.execute(span.of(wanted, col(CatalogueGood.line)))
    return [Good(*row) for row in rows]


async def read_shelves(
    session: AsyncSession, account_id: str, names: Collection[str]
) -> Mapping[str, Shelf]:
    """By name, what each holds; those that are not there are missing. Locks them."""
    if not names:
        return {}
    known = await lock_catalogues(session, [catalogue_id(account_id, name) for name in names])
    held: dict[str, list[str]] = {identity: [] for identity in known}
    for row in await session.execute(_CODES, {"those": sorted(known)}):
        held[row.catalogue_id].append(row.code)
    ids = {catalogue_id(account_id, name): name for name in names}
    return {ids[one]: Shelf(tuple(codes), known[one]) for one, codes in held.items()}


_CODES = (
    select(col(CatalogueGood.catalogue_id), col(CatalogueGood.code))
    .where(one_of(col(CatalogueGood.catalogue_id), "those"))
    .group_by(col(CatalogueGood.catalogue_id), col(CatalogueGood.code))
    .order_by(col(CatalogueGood.catalogue_id), func.min(col(CatalogueGood.line)))
)


async def list_followers(session: AsyncSession, identity: str) -> list[str]:
    """Ids of the subscriptions that follow it, in their order."""
    return list((await session.execute(_FOLLOWERS, {"of": identity})).scalars())


_FOLLOWERS = (
    select(col(CatalogueFollower.subscription_id))
    .where(col(CatalogueFollower.catalogue_id) == bindparam("of"))
    .order_by(col(CatalogueFollower.subscription_id))
)


async def note_follower(
    session: AsyncSession, account_id: str, subscription_id: str, names: Collection[str]
) -> None:
    """Which catalogues a subscription follows from now on."""
    await forget_follower(session, subscription_id)
    rows: list[dict[str, Any]] = [
        {"catalogue_id": catalogue_id(account_id, name), "subscription_id": subscription_id}
        for name in sorted(names)
    ]
    await insert_rows(session, CatalogueFollower, rows)


async def forget_follower(session: AsyncSession, subscription_id: str) -> None:
    """It follows none any more."""
    owned = col(CatalogueFollower.subscription_id) == subscription_id
    await session.execute(delete(CatalogueFollower).where(owned))


async def find_concerned(
    session: AsyncSession, identity: str, codes: Sequence[str], most: int
) -> tuple[int, list[Good]]:
    """How many goods have one of these codes, and the first `most` of them in the file."""
    count, goods = 0, list[Good]()
    for some in runs(codes):
        asked = {"of": identity, "those": list(some), "most": most}
        count += int((await session.execute(_COUNTED, asked)).scalar_one())
        goods += [Good(*row) for row in await session.execute(_FIRST, asked)]
    return count, sorted(goods, key=lambda good: good.line)[:most]


_CONCERNED = (
    col(CatalogueGood.catalogue_id) == bindparam("of"),
    one_of(col(CatalogueGood.code), "those"),
)
_COUNTED = select(func.count()).select_from(CatalogueGood).where(*_CONCERNED)
_FIRST = (
    select(
        col(CatalogueGood.line),
        col(CatalogueGood.code),
        col(CatalogueGood.sku),
        col(CatalogueGood.name),
    )
    .where(*_CONCERNED)
    .order_by(col(CatalogueGood.line))
    .limit(bindparam("most"))
)
