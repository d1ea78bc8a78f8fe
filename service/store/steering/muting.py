"""Quiet on a subject: what is planned until then ends as muted, with the reason, and is not sent.

What was planned before stays on its way, and corrections always go out: who was told must know.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.change import Change, Severity
from service.store.lists import one_of
from service.store.spans import Span
from service.store.steering.tables import Mute

Planned = tuple[Change, Sequence[dict[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class MuteValue:
    """`destination_id` is empty for all destinations of the account."""

    id: str
    account_id: str
    destination_id: str
    subject: str
    until: datetime
    except_critical: bool
    note: str
    who: str
    created_at: datetime

    @property
    def reason(self) -> str:
        """As it stands in the receipts of what it kept back."""
        note = f": {self.note}" if self.note else ""
        return f"muted until {self.until.isoformat()} by {self.who}{note}"


_COLUMNS = [col(getattr(Mute, name)) for name in MuteValue.__slots__]


async def add_mute(session: AsyncSession, value: MuteValue) -> None:
    """From now on."""
    row = {name: getattr(value, name) for name in MuteValue.__slots__}
    await session.execute(insert(Mute), [row])


async def find_mute(session: AsyncSession, account_id: str, mute_id: str) -> MuteValue | None:
    """The account's mute with this id, run out or not."""
    mine = (col(Mute.account_id) == account_id, col(Mute.id) == mute_id)
    row = (await session.execute(select(*_COLUMNS).where(*mine))).first()
    return MuteValue(**row._mapping) if row else None  # noqa: SLF001 - SQLAlchemy's public name


async def list_mutes(
    session: AsyncSession, account_id: str, span: Span, now: datetime
) -> list[MuteValue]:
    """Those that still run, in the order of their making."""
    wanted = select(*_COLUMNS).where(col(Mute.account_id) == account_id, col(Mute.until) > now)
    rows = await session.execute(span.of(wanted, col(Mute.id)))
    return [MuteValue(**row._mapping) for row in rows]  # noqa: SLF001 - as above


async def end_mute(session: AsyncSession, mute_id: str) -> None:
    """It is over; what it kept back stays as it ended."""
    await session.execute(delete(Mute).where(col(Mute.id) == mute_id))


async def find_quiet(
    session: AsyncSession, planned: Sequence[Planned], now: datetime
) -> Mapping[UUID, str]:
    """Of planned alerts those that are not to be sent, and why."""
    subjects = {change.subject for change, alerts in planned if alerts}
    if not subjects:
        return {}
    connection = await session.connection()
    rows = await connection.execute(_RUNNING, {"those": sorted(subjects), "now": now})
    mutes = [MuteValue(**row._mapping) for row in rows]  # noqa: SLF001 - as above
    return dict(_keep_quiet(planned, mutes)) if mutes else {}


_RUNNING = (
    select(*_COLUMNS)
    .where(one_of(col(Mute.subject), "those"), col(Mute.until) > bindparam("now"))
    .order_by(col(Mute.until))  # the one that runs longest gives the reason
)


def _keep_quiet(
    planned: Sequence[Planned], mutes: Sequence[MuteValue]
) -> Iterator[tuple[UUID, str]]:
    for change, alerts in planned:
        is_critical = change.severity is Severity.CRITICAL
        for mute in mutes:
            if mute.subject == change.subject and not (is_critical and mute.except_critical):
                yield from ((one["id"], mute.reason) for one in alerts if _covers(mute, one))


def _covers(mute: MuteValue, alert: dict[str, Any]) -> bool:
    is_mine = alert["account_id"] == mute.account_id
    return is_mine and mute.destination_id in {"", alert["destination_id"]}
