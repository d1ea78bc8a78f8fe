"""What came of an attempt, in a sentence for the owner of the destination: and what to do."""

import errno
import os
import ssl
from collections.abc import Callable
from socket import gaierror

from service.core.destination.address import BadAddress
from service.core.destination.headers import BadHeader
from service.dispatch.http.answer import BadAnswer
from service.dispatch.http.connection import CutShort
from service.dispatch.http.reaching.dialling import ForbiddenAddress
from service.dispatch.http.reaching.tls import BadRoute
from service.dispatch.http.reaching.tunnel import ProxyFault, Unreached
from service.dispatch.http.trail import Stage, Trail

FAILURES = (OSError, BadAnswer, ForbiddenAddress, BadRoute)
"""What an attempt may meet that is no bug of ours."""

# This machine ran out of something: no receiver is to blame.
_OUR_ERRNOS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS})
_OUR_ERRNOS |= {errno.EADDRNOTAVAIL}

_ADVICE = {
    401: "it does not know us: does it verify by this destination's secret? If it wants a token,"
    " give the destination the headers it asks for",
    403: "it does not let us in: does it verify by this destination's secret? If it wants a token,"
    " give the destination the headers it asks for",
    404: "there is nothing under this path",
    405: "it takes no POST under this path",
    407: "a proxy on its side wants a login",
    410: "it is gone for good",
    413: "it does not take bodies of this size",
    415: "it does not take application/cloudevents+json",
    429: "it wants fewer: give the destination a `rate`",
    502: "a gateway of its does not reach it",
    503: "it is overloaded, or closed for a while",
    504: "a gateway of its got no answer: answer first, and work afterwards",
}
_ADVICE_OF_CLASSES = {
    4: "it does not like the request: its own log may say why",
    5: "it failed: its own log may say why",
}

# OpenSSL's verify codes of a certificate whose issuer nobody here knows.
_UNKNOWN_ISSUER = frozenset({18, 19, 20, 21})


_TLS_ADVICE = "it must speak TLS 1.2 or later at this port"
_CUT_ADVICE = "did it crash, or does something before it keep us out?"


def verdict(status: int) -> str:
    """About an answer that was read to its end."""
    if 300 <= status < 400:  # noqa: PLR2004
        return f"answered {status}, redirects are not followed: name the address it leads to"
    advice = _ADVICE.get(status) or _ADVICE_OF_CLASSES.get(status // 100)
    return f"answered {status}" + (f": {advice}" if advice else "")


def refused_token(status: int) -> str:
    """About a receiver that had asked for a token, and does not take the one it was shown."""
    return f"answered {status}: it does not take our token; are `scope` and `audience` right?"


def refusal(error: BadAddress | BadHeader) -> str:
    """About a destination that cannot be sent to as it stands."""
    return f"refused to dial: {error}" if isinstance(error, BadAddress) else f"not sent: {error}"


def crowded(host: str, seconds: float) -> str:
    """About a request that never left: those before it have taken all places of its destination."""
    said = f"not sent: for {seconds:g} s too many earlier requests to {host} waited for answers"
    return f"{said}; it goes out later, and this does not count. Answer sooner"


def is_ours(error: Exception, trail: Trail) -> bool:
    """Whether this machine or its proxy is to blame."""
    late = isinstance(error, TimeoutError) and trail.stage is Stage.PROXY
    return late or isinstance(error, ProxyFault) or getattr(error, "errno", None) in _OUR_ERRNOS


def explain(error: Exception, trail: Trail, host: str) -> str:
    """About an attempt that came to no answer, or not to the end of one."""
    speak = next(speak for kind, speak in _SAYINGS if isinstance(error, kind))
    return speak(error, trail, host)


def _say_late(_: Exception, trail: Trail, host: str) -> str:
    within = f"within {trail.deadline:g} s"
    if trail.stage is Stage.ANSWER:
        return _say_unanswered(trail, within)
    return _LATE[trail.stage].format(host=host, within=within, peer=trail.peer)


_LATE = {
    Stage.GRANT: "no token {within}: the token server did not answer, or too late",
    Stage.NAME: "the name of {host} was not resolved {within}: look at our name server",
    Stage.CONNECT: "no connection to {host} {within}: it is down, or a firewall keeps us out",
    Stage.PROXY: "no connection to the egress proxy {within}: {peer}; see TARIFFWIRE_EGRESS_PROXY",
    Stage.TUNNEL: "no connection to {host} {within}: {peer}, and that proxy waits, too. It is down,"
    " or a firewall keeps the proxy out",
    Stage.TLS: "no TLS with {host} {within}: does it speak TLS at this port?",
}


def _say_unanswered(trail: Trail, within: str) -> str:
    if trail.status is not None:
        return f"answered {trail.status}, but its body was not complete {within}: send none"
    if trail.is_heard:
        return f"the headers of its answer were not complete {within}: answer in one go"
    return f"no answer {within}: answer first, and work afterwards"


def _say_forbidden(error: Exception, _: Trail, host: str) -> str:
    return f"refused to dial {host}: {error}; TARIFFWIRE_ALLOW_NETWORKS opens networks of your own"


def _say_cut(error: Exception, trail: Trail, host: str) -> str:
    if trail.status is not None:
        said = f"answered {trail.status}, but the connection closed before the end of the body"
        return f"{said}: is its content-length right?"
    if trail.is_heard:
        return f"{host} closed the connection in the middle of its headers: did it crash?"
    cause = error.__cause__
    if isinstance(cause, ssl.SSLError):
        return f"{host} ended TLS: {_detail(cause)}; {_TLS_ADVICE}"
    did = "reset" if isinstance(cause, ConnectionResetError) else "closed"
    advice = "it may want a client certificate of ours" if "tls" in trail.phases else _CUT_ADVICE
    return f"{host} {did} the connection without an answer; {advice}"


def _say_broken(error: Exception, trail: Trail, host: str) -> str:
    if trail.status is not None:
        return f"answered {trail.status}, but its body is broken: {error}; send none"
    return f"{host} did not answer in HTTP: {error}; is this the port of a web server?"


def _say_certificate(error: Exception, _: Trail, host: str) -> str:
    said = str(getattr(error, "verify_message", "")).removesuffix(".")
    known = getattr(error, "verify_code", 0) not in _UNKNOWN_ISSUER
    advice = "give it another" if known else "if its authority is your own, name it in `tls`"
    return f"certificate of {host} not trusted: {said}; {advice}"


def _say_tls(error: Exception, _: Trail, host: str) -> str:
    return f"no TLS with {host}: {_detail(error)}; {_TLS_ADVICE}"


def _say_name(error: Exception, _: Trail, host: str) -> str:
    said = getattr(error, "strerror", None) or error
    return f"the name of {host} does not resolve: {said}; is it spelled right?"


def _say_refused(_: Exception, __: Trail, host: str) -> str:
    return f"connection refused by {host}: nothing listens there; start it, or correct the port"


def _say_itself(error: Exception, _: Trail, __: str) -> str:
    return str(error)


def _say_unreached(error: Exception, trail: Trail, host: str) -> str:
    said = "no TLS with" if trail.stage is Stage.TLS else "no connection to"
    return f"{said} {host}: {_detail(error)}; is it up, and is there a way to it?"


def _detail(error: Exception) -> str:
    """The operating system's words, or those of OpenSSL."""
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).replace("_", " ").lower()
    number = getattr(error, "errno", None)
    return os.strerror(number) if number else str(error) or "the connection was closed"


# The first kind that fits speaks.
_SAYINGS: tuple[tuple[type[Exception], Callable[[Exception, Trail, str], str]], ...] = (
    (TimeoutError, _say_late),
    (ForbiddenAddress, _say_forbidden),
    (ProxyFault, _say_itself),
    (Unreached, _say_itself),
    (BadRoute, _say_itself),
    (BadAnswer, _say_broken),
    (CutShort, _say_cut),
    (ssl.SSLCertVerificationError, _say_certificate),
    (ssl.SSLError, _say_tls),
    (gaierror, _say_name),
    (ConnectionRefusedError, _say_refused),
    (OSError, _say_unreached),
)
