"""Email out: hands complete messages to the operator's SMTP relay and reads its answer."""

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass, replace
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

from service.core.destination.address import is_loopback
from service.core.proof.dkim import Signer
from service.core.sending.bounce import Bounce, classify
from service.core.sending.delivery import Parcel, Reply
from service.core.sending.sent import Sent

Security = Literal["plain", "starttls", "tls"]

ACCEPTED = 250
CLOSING = 421  # the relay says goodbye: nothing more goes over this connection
MOST_CARRIED = 100
"""Mails over one connection: relays close one that goes on for ever."""
IDLE_SECONDS = 60.0
PAUSE_SECONDS = 1.0

# Answers about us (our name, credentials, sender), never about a recipient or a message.
_ABOUT_US = (SMTPConnectError, SMTPHeloError, SMTPAuthenticationError, SMTPSenderRefused)


_ADVICE = {
    Bounce.HARD: "correct the address",
    Bounce.SOFT: "it may pass, and is tried again",
    Bounce.REFUSED: "its server will not take this one: it may say why",
    Bounce.OURS: "look at the settings TARIFFWIRE_SMTP_…",
}
"""What is to be done, said behind the words of the relay."""


class UnsafeCredentials(ValueError):
    """A password would cross the network unencrypted: use starttls or tls."""


@dataclass(slots=True)
class _Line:
    """A connection, what it has carried, and since when it is idle, by the loop's clock."""

    client: SMTP
    carried: int = 0
    idle_since: float = 0.0


class MailSender:
    """A `Sender` over a few kept connections to one relay; an async context manager.

    `sender` is the bare envelope address, where bounces go; with `bounces` they go there instead,
    with the id of the mail behind a plus. `deadline` (seconds) covers connect to the relay's
    answer; waiting for one of the `connections` does not count. A relay that cannot be reached or
    will not have us is our fault, not the subscriber's. `signer` signs what is sent.
    """

    def __init__(  # noqa: PLR0913 - a relay has that many settings
        self,
        host: str,
        port: int,
        *,
        sender: str,
        bounces: str = "",
        signer: Signer | None = None,
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
        self._bounces = bounces
        self._signer = signer
        self._deadline = deadline
        self._slots = asyncio.Semaphore(connections)
        self._idle: list[_Line] = []
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
            client = self._idle.pop().client
            with suppress(SMTPException, OSError):
                async with asyncio.timeout(1):
                    await client.quit()
            client.close()

    async def send(self, parcel: Parcel) -> Reply:
        """Hand one message over; the relay's refusals and absences are a `Reply`."""
        started = perf_counter()
        line: _Line | None = None
        body = await self._seal(parcel)
        try:
            async with self._slots, asyncio.timeout(self._deadline):
                line = await self._line()
                peer, said = await self._deliver(line, parcel, body)
        except (SMTPException, OSError) as error:
            failed = self._failure(error, begun=line is not None)
            taken = {"total": perf_counter() - started}
            sent = self._describe(parcel, body) if line is not None else {}
            return replace(failed, timings=taken, sent=sent)
        return Reply(
            accepted=True,
            status=ACCEPTED,
            reason=f"the relay took it: {said}",
            peer=peer,
            timings={"total": perf_counter() - started},
            sent=self._describe(parcel, body),
        )

    def _describe(self, parcel: Parcel, body: bytes) -> Sent:
        """The envelope; what is sent is longer than the letter where it is signed."""
        return {
            "from": self._return_path(parcel),
            "to": parcel.address,
            "relay": self._relay,
            "bytes": len(body),
        }

    async def _seal(self, parcel: Parcel) -> bytes:
        """Signing takes a millisecond of arithmetic: on a thread, which holds nobody up."""
        if self._signer is None:
            return parcel.body
        return await asyncio.to_thread(self._signer.seal, parcel.body, parcel.signed_at)

    def _return_path(self, parcel: Parcel) -> str:
        """Where a bounce tells by its address which mail came back, whatever is left of it."""
        local, at, domain = self._bounces.rpartition("@")
        return f"{local}+{parcel.delivery_id}@{domain}" if at else self._sender

    async def _deliver(self, line: _Line, parcel: Parcel, body: bytes) -> tuple[str, str]:
        client = line.client
        try:
            ip, port, *_ = _peer(client)
            _, said = await client.sendmail(self._return_path(parcel), [parcel.address], body)
        except BaseException as error:
            # Half a conversation cannot be resumed: only a whole refusal leaves a usable client.
            refusal = _refusal(error)
            self._keep(line, usable=refusal is not None and refusal.code != CLOSING)
            raise
        self._keep(line, usable=True)
        return f"{ip}:{port}", said

    async def _line(self) -> _Line:
        """An idle connection that the relay still answers on, else a new one."""
        while self._idle:
            line = self._idle.pop()
            if await self._is_alive(line):
                return line
            line.client.close()
        client = self._new_client()
        await client.connect()
        return _Line(client)

    async def _is_alive(self, line: _Line) -> bool:
        """Asked after a pause: a relay that has lost patience is found before the mail is begun."""
        idle = asyncio.get_running_loop().time() - line.idle_since
        if not line.client.is_connected or idle > IDLE_SECONDS:
            return False
        if idle > PAUSE_SECONDS:
            try:
                await line.client.rset()
            except (SMTPException, OSError):
                return False
        return True

    def _keep(self, line: _Line, *, usable: bool) -> None:
        line.carried += 1
        if usable and line.client.is_connected and line.carried < MOST_CARRIED:
            line.idle_since = asyncio.get_running_loop().time()
            self._idle.append(line)
        else:
            line.client.close()

    def _failure(self, error: SMTPException | OSError, *, begun: bool) -> Reply:
        """A relay that cannot be reached is our fault, and is tried for ever.

        One that falls silent midway may have taken the message: that counts as an attempt, or the
        same mail could go out again and again without end.
        """
        refusal = _refusal(error)
        if refusal is None:
            said = self._explain(error)
            return Reply(accepted=False, status=None, reason=said, ours=not begun)
        words = " ".join(refusal.message.split())
        meant = Bounce.OURS if isinstance(error, _ABOUT_US) else classify(refusal.code, words)
        return Reply(
            accepted=False,
            status=refusal.code,
            reason=f"the relay {self._relay} answered {refusal.code}: {words}; {_ADVICE[meant]}",
            ours=meant is Bounce.OURS,
            final=meant in {Bounce.HARD, Bounce.REFUSED},
            gone=meant is Bounce.HARD,
        )

    def _explain(self, error: SMTPException | OSError) -> str:
        if isinstance(error, TimeoutError):
            return f"no answer from the relay {self._relay} within {self._deadline:g} s"
        return f"no conversation with the relay {self._relay}: {error}; {_ADVICE[Bounce.OURS]}"


def _peer(client: SMTP) -> tuple[Any, ...]:
    return tuple(client.get_transport_info("peername"))


def _refusal(error: BaseException) -> SMTPResponseException | None:
    """We name one recipient at a time, so a refusal of recipients is about that one."""
    one = error.recipients[0] if isinstance(error, SMTPRecipientsRefused) else error
    return one if isinstance(one, SMTPResponseException) and one.code > 0 else None
