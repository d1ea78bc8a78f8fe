"""Through the egress proxy: CONNECT, and faults that are its own and not the receiver's."""

from service.core.destination.proxy import Proxy
from service.dispatch.http.answer import Answer, BadAnswer
from service.dispatch.http.connection import Connection, CutShort, connect
from service.dispatch.http.reaching.names import Names
from service.dispatch.http.trail import Stage, Trail

PROXY_LOGIN = 407


# What lies behind did not answer (RFC 9110 §15.6.3, §15.6.5), or took no connection: then Squid
# says 503.
UNREACHED = frozenset({502, 503, 504})


class ProxyFault(OSError):
    """The egress proxy did not let us through."""


class Unreached(OSError):
    """The egress proxy is well, and did not reach the receiver."""


async def bore(proxy: Proxy, names: Names, peer: str, trail: Trail) -> Connection:
    """Have the proxy join us with the address that was judged: it is told no name."""
    trail.stage, trail.peer = Stage.PROXY, f"{peer} via {proxy}"
    connection = await _reach(proxy, names, trail.peer)
    trail.stage = Stage.TUNNEL  # from here on it waits for the receiver, as we do
    answer = Answer(Trail(trail.deadline), head_only=True)
    try:
        await connection.exchange(_request(proxy, peer), answer, trail.left)
    except (BadAnswer, CutShort) as error:
        message = f"the egress proxy {proxy} gave no answer to CONNECT: {error}"
        raise ProxyFault(message) from error
    if not 200 <= answer.status < 300 or answer.excerpt:  # noqa: PLR2004
        connection.drop()
        kind = Unreached if answer.status in UNREACHED else ProxyFault
        raise kind(_refusal(proxy, peer, answer.status))
    return connection


async def _reach(proxy: Proxy, names: Names, peer: str) -> Connection:
    try:
        ip, *_ = await names.look_up(proxy.host)
        return await connect(ip, proxy.port, peer)
    except OSError as error:
        message = f"the egress proxy {proxy} is out of reach: {error.strerror or error}"
        raise ProxyFault(message) from error


def _request(proxy: Proxy, peer: str) -> bytes:
    lines = [f"CONNECT {peer} HTTP/1.1", f"host: {peer}"]
    if proxy.authorization:
        lines.append(f"proxy-authorization: {proxy.authorization}")
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def _refusal(proxy: Proxy, peer: str, status: int) -> str:
    if status == PROXY_LOGIN:
        return f"the egress proxy {proxy} wants a user and a password: see TARIFFWIRE_EGRESS_PROXY"
    said = f"the egress proxy {proxy} answered {status} to CONNECT {peer}"
    if status in UNREACHED:
        return f"{said}: it did not reach it. Is it up, and is there a way to it from the proxy?"
    return f"{said}: do its rules let us through to there?"
