"""Sealed credentials in the books: under which keys they are, and sealing them anew."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.store.evidence.keys import SEAL, is_stale, reseal_keys
from service.store.evidence.tables import EvidenceKey
from service.store.following.tables import Destination
from service.store.following.vault import ID_LENGTH, Vault, WrongSecretsKey, explain_missing

BATCH = 500

_ID = func.substr(col(Destination.sealed), 1, ID_LENGTH)
_IS_SEALED = col(Destination.sealed) != ""
_IS_PLAIN = col(Destination.secrets) != ""


@dataclass(frozen=True, slots=True)
class Resealed:
    """How many were sealed anew, and behind which destination the next batch begins."""

    count: int
    after: str | None


async def count_seals(session: AsyncSession) -> Mapping[str, int]:
    """By id of the key, how many destinations and keys for evidence have what it sealed."""
    wanted = select(_ID, func.count()).where(_IS_SEALED).group_by(_ID)
    found = Counter({row[0]: row[1] for row in await session.execute(wanted)})
    keys = await session.execute(select(SEAL, func.count()).group_by(SEAL))
    return found + Counter({row[0]: row[1] for row in keys})


async def check_seals(session: AsyncSession, vault: Vault) -> None:
    """`WrongSecretsKey` when something was sealed under a key that is not here."""
    missing = [name for name in sorted(await count_seals(session)) if not vault.knows(name)]
    if missing:
        raise WrongSecretsKey(explain_missing(missing))


async def count_stale(session: AsyncSession, vault: Vault) -> int:
    """How many have something that the vault's newest key did not seal."""
    wanted = select(func.count()).select_from(Destination).where(_is_stale(vault))
    keys = select(func.count()).select_from(EvidenceKey).where(is_stale(vault))
    return int(await session.scalar(wanted) or 0) + int(await session.scalar(keys) or 0)


async def reseal(session: AsyncSession, vault: Vault, after: str = "") -> Resealed:
    """Seal the next `BATCH` destinations behind `after` anew.

    May be run again at any time. What somebody else writes meanwhile stands, being newer.
    """
    wanted = (
        select(col(Destination.id), col(Destination.sealed), col(Destination.secrets))
        .where(_is_stale(vault), col(Destination.id) > after)
        .order_by(col(Destination.id))
        .limit(BATCH)
        .with_for_update()
    )
    rows = (await session.execute(wanted)).all()
    anew = [
        {"of": row.id, "now": vault.seal(row.id, vault.open(row.id, row.sealed, _split(row)))}
        for row in rows
    ]
    if anew:
        connection = await session.connection()
        await connection.execute(_RESEAL, anew)
    if len(rows) == BATCH:
        return Resealed(len(rows), rows[-1].id)
    return Resealed(len(rows) + await reseal_keys(session, vault), None)


_RESEAL = (
    update(Destination)
    .where(col(Destination.id) == bindparam("of"))
    .values(sealed=bindparam("now"), secrets="")
)


def _split(row: object) -> Sequence[str]:
    return str(getattr(row, "secrets", "")).split()


def _is_stale(vault: Vault) -> ColumnElement[bool]:
    return or_(_IS_PLAIN, and_(_IS_SEALED, _ID.is_distinct_from(vault.newest)))
