"""The secret from which links are signed: made once, and known to every process."""

import secrets

from sqlalchemy.ext.asyncio import AsyncSession

from service.store.installation.remembered import recall, remember_first

_NAME = "mail.link_key"
BYTES = 32


async def know_link_key(session: AsyncSession) -> bytes:
    """The same for all processes; a restore and a move keep it, so that sent links stay good."""
    await remember_first(session, _NAME, secrets.token_hex(BYTES))
    return bytes.fromhex(str(await recall(session, _NAME)))
