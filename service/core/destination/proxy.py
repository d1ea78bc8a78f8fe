"""An egress proxy: what stands between this installation and the receivers of its webhooks."""

from base64 import b64encode
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit


class BadProxy(ValueError):
    """The egress proxy has to be given as http://[user:password@]host:port."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """`authorization` is what it is shown of us (RFC 7617), empty where it asks for nothing."""

    host: str
    port: int
    authorization: str = field(default="", repr=False)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def read_proxy(text: str) -> Proxy:
    """From its URL. `BadProxy` never repeats what was given: it may hold a password."""
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError as error:
        raise BadProxy(BadProxy.__doc__) from error
    stray = parts.path.strip("/") or parts.query or parts.fragment
    if parts.scheme != "http" or not parts.hostname or not port or stray:
        raise BadProxy(BadProxy.__doc__)
    return Proxy(parts.hostname, port, _authorization(parts))


def _authorization(parts: SplitResult) -> str:
    if parts.username is None:
        return ""
    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return "Basic " + b64encode(login.encode()).decode()
