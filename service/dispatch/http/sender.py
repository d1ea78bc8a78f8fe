"""Webhooks out: one signed POST, one guarded dial, one deadline, and the answer as a `Reply`.

Nothing here decides what follows from an answer; `core/delivery.judge` does.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import lru_cache
from time import perf_counter
from typing import Self

from service.core.destination.address import PORTS, BadAddress, Egress
from service.core.destination.grant import Grant
from service.core.destination.headers import BadHeader
from service.core.destination.network import Network
from service.core.destination.proxy import Proxy
from service.core.proof import signature
from service.core.sending.delivery import Parcel, Reply, parse_retry_after
from service.core.sending.hiding import HIDDEN, hide
from service.core.sending.sent import Sent, describe_request, keep_headers
from service.dispatch.http.answer import Answer
from service.dispatch.http.pool import Pool
from service.dispatch.http.reaching.dialling import Dialler
from service.dispatch.http.reaching.names import Resolve, resolve
from service.dispatch.http.request import AGENT, Target, read_target
from service.dispatch.http.tokens import Failure, Tokens
from service.dispatch.http.trail import Stage, Trail
from service.dispatch.http.turnstile import Turnstile, Turnstiles
from service.dispatch.http.words import (
    FAILURES,
    crowded,
    explain,
    is_ours,
    refusal,
    refused_token,
    verdict,
)

UNAUTHORISED = 401


class WebhookSender:
    """A `Sender` over kept-alive HTTP connections; an async context manager.

    `deadline` (seconds) covers connect to last body byte. Of the `limit` slots one destination has
    at most `each`, and others at its host and port have their own. Waiting for a slot is our own
    queue and counts against nobody; who gets none within another `deadline` is sent back to the
    queue. `resolve` turns a name into addresses, and may block.
    """

    def __init__(  # noqa: PLR0913 - what an operator may set
        self,
        *,
        loopback_allowed: bool = False,
        networks: tuple[Network, ...] = (),
        ports: Collection[int] = PORTS,
        proxy: Proxy | None = None,
        deadline: float = 15.0,
        limit: int = 512,
        each: int = 64,
        resolve: Resolve = resolve,
    ) -> None:
        egress = Egress(loopback_allowed, networks, ports)
        self._deadline = deadline
        self._slots = Turnstile(limit)
        self._places = Turnstiles(each)
        self._dialler = Dialler(egress, proxy, resolve)
        self._pool = Pool(self._dialler)
        self._tokens = Tokens(self._pool, egress, deadline)
        self._target = lru_cache(maxsize=4096)(lambda address: read_target(address, egress))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._tokens.close()
        await self._pool.close()
        self._dialler.close()

    async def send(self, parcel: Parcel) -> Reply:
        """POST the body, signed as of `signed_at`; whatever the receiver does is a `Reply`."""
        signed = signature.headers(
            str(parcel.delivery_id), parcel.signed_at, parcel.body, parcel.secrets
        )
        try:
            target = self._target(parcel.address)
            request = target.request(parcel, signed)
        except (BadAddress, BadHeader) as error:
            return Reply(accepted=False, status=None, reason=refusal(error))
        name = parcel.destination or parcel.address
        try:
            if not self._places.try_enter(name):
                await self._places.enter(name, self._deadline)
        except TimeoutError:
            reason = crowded(str(target), self._deadline)
            return Reply(accepted=False, status=None, reason=reason, ours=True)
        try:
            return await self._send(target, parcel, signed, request)
        finally:
            self._places.leave(name)

    async def _send(
        self, target: Target, parcel: Parcel, signed: Mapping[str, str], request: bytes
    ) -> Reply:
        if not self._slots.try_enter():
            await self._slots.enter()
        try:
            if parcel.grant is not None:
                return await self._attempt_let_in(target, parcel, signed, parcel.grant)
            return await self._attempt(target, parcel, request, Trail(self._deadline))
        finally:
            self._slots.leave()

    async def _attempt(
        self, target: Target, parcel: Parcel, request: bytes, trail: Trail, token: str = ""
    ) -> Reply:
        try:
            answer = await self._pool.ask(target.origin(parcel.route), request, trail)
        except FAILURES as error:
            return _failure(error, trail, str(target), parcel)
        return _reply(answer, parcel, trail, token)

    async def _attempt_let_in(
        self, target: Target, parcel: Parcel, signed: Mapping[str, str], grant: Grant
    ) -> Reply:
        """With a token; if it is one from before and refused, once more with a new one."""
        started = perf_counter()
        for is_last in (False, True):
            trail = Trail(self._deadline, started)
            try:
                shown = await self._tokens.find(grant, parcel.route, trail)
            except TimeoutError as error:
                return _failure(error, trail, str(target), parcel)
            if isinstance(shown, Failure):
                return _without_token(shown, parcel, trail)
            request = target.request(parcel, signed, f"authorization: Bearer {shown.text}\r\n")
            reply = await self._attempt(target, parcel, request, trail, shown.text)
            if reply.status != UNAUTHORISED:
                break
            self._tokens.forget(grant, parcel.route, shown)
            if shown.is_new or is_last:
                return replace(reply, reason=refused_token(UNAUTHORISED))
        return reply


def _without_token(failure: Failure, parcel: Parcel, trail: Trail) -> Reply:
    """No answer of the receiver: its token server's is not taken for one."""
    trail.reach("total")
    return Reply(
        accepted=False,
        status=None,
        reason=failure.reason,
        retry_after=parse_retry_after(failure.retry_after, parcel.signed_at),
        ours=failure.ours,
        timings=trail.phases,
    )


def _reply(answer: Answer, parcel: Parcel, trail: Trail, token: str) -> Reply:
    trail.reach("total")
    asked = answer.retry_after
    accepted = 200 <= answer.status < 300  # noqa: PLR2004
    secrets = [token, *(value for _, value in parcel.headers)]
    return Reply(
        accepted=accepted,
        status=answer.status,
        reason=verdict(answer.status),
        retry_after=parse_retry_after(asked, parcel.signed_at) if asked else None,
        peer=trail.peer,
        excerpt=hide(answer.excerpt, secrets, is_cut=answer.is_cut),
        timings=trail.phases,
        sent=_sent(parcel),
        answered=() if accepted else keep_headers(answer.headers, secrets),
    )


def _sent(parcel: Parcel) -> Sent:
    own = describe_request(parcel.address, parcel.headers, parcel.secrets, AGENT)
    sent = {**own, "stamp": int(parcel.signed_at.timestamp())}
    if parcel.grant is not None:
        sent["own"] = {**own["own"], "authorization": f"Bearer {HIDDEN}"}
    return sent


def _failure(error: Exception, trail: Trail, host: str, parcel: Parcel) -> Reply:
    trail.reach("total")
    return Reply(
        accepted=False,
        status=trail.status,
        reason=explain(error, trail, host),
        ours=is_ours(error, trail),
        peer=trail.peer,
        timings=trail.phases,
        sent=_sent(parcel) if trail.stage is Stage.ANSWER else {},  # else nothing went out
    )
