"""The way out for mail, watched: what every mail meets is no fault of one, and status says it."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

from service.core.sending.delivery import Parcel, Reply
from service.dispatch import Sender
from service.store.database import Database, DatabaseUnavailable
from service.store.mail.trouble import end_mail_trouble, note_mail_trouble

AGAIN = timedelta(minutes=1)
"""How often a trouble that lasts is written down; in between it is as it was."""


class WatchedRelay:
    """A `Sender` that notes when nothing can be handed over, and when that is over."""

    def __init__(self, sender: Sender, db: Database, clock: Callable[[], datetime]) -> None:
        self._sender = sender
        self._db = db
        self._clock = clock
        self._noted_at: datetime | None = None
        self._is_well = False  # not known yet: an earlier process may have left a note

    async def send(self, parcel: Parcel) -> Reply:
        """As the sender does."""
        reply = await self._sender.send(parcel)
        with suppress(DatabaseUnavailable):  # a note is worth no mail
            await self._note(reply)
        return reply

    async def _note(self, reply: Reply) -> None:
        now = self._clock()
        if not reply.ours:
            if not self._is_well:
                await self._db.run_write(end_mail_trouble, name="relay")
            self._is_well, self._noted_at = True, None
        elif self._noted_at is None or now - self._noted_at >= AGAIN:
            note = partial(note_mail_trouble, reason=reply.reason, now=now)
            await self._db.run_write(note, name="relay")
            self._is_well, self._noted_at = False, now
