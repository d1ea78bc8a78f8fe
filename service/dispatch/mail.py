"""Email out: hands complete messages to the operator's SMTP relay and reads its answer."""

import asyncio
import ssl
from contextlib import suppress
from functools import partial
from time import perf_counter
from typing import Any, Literal, Self

from aiosmtplib import (
    SMTP,
    SMTPConnectError,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)
from aiosmtplib.errors import SMTPAuthenticationError, SMTPHeloError

from service.core.address import is_loopback
from service.core.delivery import Parcel, Reply

Security = Literal["plain", "starttls", "tls"]

ACCEPTED = 250
CLOSING = 421  # the relay says goodbye: nothing more goes over this connection
FIRST_PERMANENT = 500

# Answers about us (our name, credentials, sender), never about a recipient or a message.
_ABOUT_US = (SMTPConnectError, SMTPHeloError, SMTPAuthenticationError, SMTPSenderRefused)


class UnsafeCredentials(ValueError):
    """A password would cross the network unencrypted: use starttls or tls."""


class MailSender:
    """A `Sender` over a few kept connections to one relay; an async context manager.

    `sender` is the bare envelope address, where bounces go. `deadline` (seconds) covers connect
    to the relay's answer; waiting for one of the `connections` does not count. A relay that cannot
    be reached or will not have us is our fault, not the subscriber's.
    """

    def __init__(  # noqa: PLR0913 - a relay has that many settings
        self,
        host: str,
        port: int,
        *,
        sender: str,
        username: str | None = None,
        password: str | None = None,
        security: Security = "plain",
        tls: ssl.SSLContext | None = None,
        connections: int = 4,
        deadline: float = 30.0,
    ) -> None:
        if username and security == "plain" and not is_loopback(host):
            raise UnsafeCredentials(UnsafeCredentials.__doc__)
        self._relay = f"{host}:{port}"
        self._sender = sender
        self._deadline = deadline
        self._slots = asyncio.Semaphore(connections)
        self._idle: list[SMTP] = []
        self._new_client: partial[SMTP] = partial(
            SMTP,
            hostname=host,
            port=port,
            username=username,
            password=password,
            use_tls=security == "tls",
            start_tls=security == "starttls",
            tls_context=tls,
            local_hostname=sender.rpartition("@")[2],  # else a blocking look-up of our own name
            timeout=None,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        while self._idle:
            client = self._idle.pop()
            with suppress(SMTPException, OSError):
                async with asyncio.timeout(1):
                    await client.quit()
            client.close()

    async def send(self, parcel: Parcel) -> Reply:
        """Hand one message over; the relay's refusals and absences are a `Reply`."""
        started = perf_counter()
        client: SMTP | None = None
        try:
            async with self._slots, asyncio.timeout(self._deadline):
                client = await self._client()
                peer, said = await self._deliver(client, parcel)
        except (SMTPException, OSError) as error:
            return self._failure(error, begun=client is not None)
        return Reply(
            accepted=True,
            status=ACCEPTED,
            reason=f"the relay took it: {said}",
            peer=peer,
            timings={"total": perf_counter() - started},
        )

    async def _deliver(self, client: SMTP, parcel: Parcel) -> tuple[str, str]:
        try:
            ip, port, *_ = _peer(client)
            _, said = await client.sendmail(self._sender, [parcel.address], parcel.body)
        except BaseException as error:
            # Half a conversation cannot be resumed: only a whole refusal leaves a usable client.
            refusal = _refusal(error)
            self._keep(client, usable=refusal is not None and refusal.code != CLOSING)
            raise
        self._keep(client, usable=True)
        return f"{ip}:{port}", said

    async def _client(self) -> SMTP:
        """An idle connection that is still open, else a new one."""
        while self._idle:
            client = self._idle.pop()
            if client.is_connected:
                return client
            client.close()
        client = self._new_client()
        await client.connect()
        return client

    def _keep(self, client: SMTP, *, usable: bool) -> None:
        if usable and client.is_connected:
            self._idle.append(client)
        else:
            client.close()

    def _failure(self, error: SMTPException | OSError, *, begun: bool) -> Reply:
        """A relay that cannot be reached is our fault, and is tried for ever.

        One that falls silent midway may have taken the message: that counts as an attempt, or the
        same mail could go out again and again without end.
        """
        refusal = _refusal(error)
        if refusal is None:
            said = self._explain(error)
            return Reply(accepted=False, status=None, reason=said, ours=not begun)
        ours = isinstance(error, _ABOUT_US)
        words = " ".join(refusal.message.split())
        return Reply(
            accepted=False,
            status=refusal.code,
            reason=f"the relay {self._relay} answered {refusal.code}: {words}",
            ours=ours,
            final=refusal.code >= FIRST_PERMANENT and not ours,
        )

    def _explain(self, error: SMTPException | OSError) -> str:
        if isinstance(error, TimeoutError):
            return f"no answer from the relay {self._relay} within {self._deadline:g} s"
        return f"no conversation with the relay {self._relay}: {error}"


def _peer(client: SMTP) -> tuple[Any, ...]:
    return tuple(client.get_transport_info("peername"))


def _refusal(error: BaseException) -> SMTPResponseException | None:
    """We name one recipient at a time, so a refusal of recipients is about that one."""
    one = error.recipients[0] if isinstance(error, SMTPRecipientsRefused) else error
    return one if isinstance(one, SMTPResponseException) and one.code > 0 else None
