"""The key that signs evidence: made once, known to every process, and sealed like any secret."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.destination.credentials import Credentials, Key
from service.core.proof.signing import public_of
from service.store.database import insert_new
from service.store.evidence.tables import EvidenceKey
from service.store.following.vault import ID_LENGTH, Vault

FIRST = 1


@dataclass(frozen=True, slots=True)
class PublicKey:
    """By which anybody can verify what it signed."""

    text: str
    made_at: datetime


async def know_key(session: AsyncSession, vault: Vault, fresh: Key, now: datetime) -> Key:
    """The key of this installation; `fresh` becomes it where there is none yet."""
    row = {
        "number": FIRST,
        "public": public_of(fresh.text),
        "sealed": vault.seal(_owner(FIRST), Credentials(keys=(fresh,))),
        "made_at": now,
    }
    await session.execute(insert_new(session, EvidenceKey).values(row))
    newest = select(col(EvidenceKey.number), col(EvidenceKey.sealed)).order_by(
        col(EvidenceKey.number).desc()
    )
    found = (await session.execute(newest.limit(1))).one()
    return vault.open(_owner(found.number), found.sealed).keys[0]


async def list_keys(session: AsyncSession) -> list[PublicKey]:
    """The newest first; none before anything was signed."""
    wanted = select(col(EvidenceKey.public), col(EvidenceKey.made_at))
    rows = await session.execute(wanted.order_by(col(EvidenceKey.number).desc()))
    return [PublicKey(*row) for row in rows]


def _owner(number: int) -> str:
    return f"evidence:{number}"


# Sealing, with the secrets of destinations

SEAL = func.substr(col(EvidenceKey.sealed), 1, ID_LENGTH)
"""The id of the key that sealed it."""


def is_stale(vault: Vault) -> ColumnElement[bool]:
    """Whether another than the vault's newest key sealed it."""
    return SEAL.is_distinct_from(vault.newest)


async def reseal_keys(session: AsyncSession, vault: Vault) -> int:
    """Under the vault's newest key; how many were not."""
    wanted = select(col(EvidenceKey.number), col(EvidenceKey.sealed)).where(is_stale(vault))
    rows = (await session.execute(wanted.with_for_update())).all()
    for row in rows:
        owner = _owner(row.number)
        anew = vault.seal(owner, vault.open(owner, row.sealed))
        named = col(EvidenceKey.number) == row.number
        await session.execute(update(EvidenceKey).where(named).values(sealed=anew))
    return len(rows)
