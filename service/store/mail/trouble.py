"""Whether mail can be handed to the relay at all: one note of the installation, for its status."""

from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from service.store.installation.remembered import forget, recall, remember

_NAME = "mail.trouble"


@dataclass(frozen=True, slots=True)
class MailTrouble:
    """Since when no mail was handed over, why, and when that was tried last."""

    reason: str
    since: datetime
    tried_at: datetime


async def read_mail_trouble(session: AsyncSession) -> MailTrouble | None:
    """As far as any process knows; None: mail goes out, or there was none yet."""
    text = await recall(session, _NAME)
    if text is None:
        return None
    kept = orjson.loads(text)
    since, tried = (datetime.fromisoformat(kept[name]) for name in ("since", "tried_at"))
    return MailTrouble(kept["reason"], since, tried)


async def note_mail_trouble(session: AsyncSession, reason: str, now: datetime) -> None:
    """A trouble that is known keeps its beginning."""
    known = await read_mail_trouble(session)
    said = {"reason": reason, "since": known.since if known else now, "tried_at": now}
    await remember(session, {_NAME: orjson.dumps(said).decode()})


async def end_mail_trouble(session: AsyncSession) -> None:
    """The relay has answered."""
    await forget(session, _NAME)
