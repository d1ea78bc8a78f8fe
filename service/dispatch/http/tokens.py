"""Access tokens for receivers that ask for one: fetched once for all that wait, and kept."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import lru_cache

from service.core.destination.address import BadAddress, Egress
from service.core.destination.grant import Grant, NoToken, Token, ask_token, read_token
from service.core.sending.delivery import Route
from service.dispatch.http.pool import Pool
from service.dispatch.http.request import AGENT, Target, read_target
from service.dispatch.http.trail import Stage, Trail
from service.dispatch.http.words import FAILURES, explain, is_ours, refusal

MOST_KEPT = 4096
_HEADERS = {"accept-encoding": "identity", "user-agent": AGENT}

Place = tuple[Grant, str]
"""A grant, and the authority that is trusted for its server."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A token as a delivery uses it; `is_new`: it was fetched while this delivery waited."""

    text: str = field(repr=False)
    is_new: bool


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no token; `ours` where this machine or its proxy is to blame."""

    reason: str
    ours: bool = False
    retry_after: str | None = None


@dataclass(frozen=True, slots=True)
class _Kept:
    token: Token
    until: float


class Tokens:
    """Kept in memory alone, until shortly before they expire or a receiver refuses them."""

    def __init__(self, pool: Pool, egress: Egress, deadline: float) -> None:
        self._pool = pool
        self._deadline = deadline
        self._kept: OrderedDict[Place, _Kept] = OrderedDict()
        self._asked: dict[Place, asyncio.Task[Token | Failure]] = {}
        self._target = lru_cache(maxsize=1024)(lambda url: read_target(url, egress, _HEADERS))

    async def find(self, grant: Grant, route: Route, trail: Trail) -> Shown | Failure:
        """The one in hand, else a new one; `TimeoutError` past the deadline of the trail."""
        place = (grant, route.authority)
        kept = self._kept.get(place)
        if kept is not None and asyncio.get_running_loop().time() < kept.until:
            return Shown(kept.token.text, is_new=False)
        trail.stage = Stage.GRANT
        fetching = self._asked.get(place)
        if fetching is None:
            fetching = self._asked[place] = asyncio.create_task(self._fetch(place))
            fetching.add_done_callback(lambda _: self._asked.pop(place))
        async with asyncio.timeout(trail.left):
            found = await asyncio.shield(fetching)
        trail.reach("token")
        trail.stage = Stage.NAME
        return found if isinstance(found, Failure) else Shown(found.text, is_new=True)

    def forget(self, grant: Grant, route: Route, shown: Shown) -> None:
        """Its receiver does not take it; another that came meanwhile is kept."""
        kept = self._kept.get((grant, route.authority))
        if kept is not None and kept.token.text == shown.text:
            del self._kept[grant, route.authority]

    async def close(self) -> None:
        """Whoever still waits, waits for nothing."""
        for task in list(self._asked.values()):
            task.cancel()
        if self._asked:
            await asyncio.wait(list(self._asked.values()))

    async def _fetch(self, place: Place) -> Token | Failure:
        """Never raises for what the server does: nobody may be left to hear of it."""
        grant, authority = place
        since, trail = asyncio.get_running_loop().time(), Trail(self._deadline)
        try:
            target = self._target(grant.token_url)
        except BadAddress as error:
            return Failure(f"no token: {refusal(error)}")
        try:
            answer = await self._pool.ask(
                target.origin(Route(authority=authority)), _write(target, grant), trail
            )
            token = read_token(grant, answer.status, answer.excerpt)
        except NoToken as error:
            return Failure(str(error), retry_after=answer.retry_after)
        except FAILURES as error:
            said = explain(error, trail, str(target))
            return Failure(f"no token from the token server: {said}", is_ours(error, trail))
        self._keep(place, _Kept(token, since + token.usable))
        return token

    def _keep(self, place: Place, kept: _Kept) -> None:
        self._kept[place] = kept
        self._kept.move_to_end(place)
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)


def _write(target: Target, grant: Grant) -> bytes:
    pairs, body = ask_token(grant)
    lines = "".join(f"{name}: {value}\r\n" for name, value in pairs)
    return b"".join((target.head, f"{lines}content-length: {len(body)}\r\n\r\n".encode(), body))
