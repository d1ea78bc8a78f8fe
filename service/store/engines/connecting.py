"""How this program connects to a server, and what it says when it cannot."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, SafeUUID

import asyncpg
from sqlalchemy import URL

from service.store.engines import DatabaseRefused, DatabaseUnavailable

CONNECT_SECONDS = 5.0
IDLE_SECONDS, PROBE_SECONDS, PROBES = 5, 2, 3
GONE_SECONDS = IDLE_SECONDS + PROBE_SECONDS * PROBES
"""A peer that went without a word is noticed after 5 + 3 · 2 s, by either side."""

_ALWAYS = {
    "application_name": "tariffwire",
    "default_transaction_isolation": "read committed",
    "idle_in_transaction_session_timeout": "60s",
    "jit": "off",  # statements are short: compiling them costs more than running them
    # Tables grow from nothing to millions while connections stay: a plan that was made for an empty
    # one must not outlive that. Rows travel as arrays, so that few statements are to be planned.
    "plan_cache_mode": "force_custom_plan",
    "tcp_keepalives_idle": str(IDLE_SECONDS),
    "tcp_keepalives_interval": str(PROBE_SECONDS),
    "tcp_keepalives_count": str(PROBES),
    # One that froze while it was being answered still says that it is there: no statement's time
    # ends that, and it would keep its locks.
    "tcp_user_timeout": str(GONE_SECONDS * 1000),
}


@dataclass(frozen=True)
class Manner:
    """The server's settings for a connection, and how long this side waits for an answer."""

    settings: Mapping[str, str]
    answer_seconds: float | None


SERVING = Manner(
    _ALWAYS
    | {
        "statement_timeout": "30s",
        "lock_timeout": "10s",
        "idle_in_transaction_session_timeout": "10s",  # a process that froze: others wait for it
    },
    40,
)
"""This side waits longer than a statement may take: it then hangs up on a server that froze."""
MIGRATING = Manner(_ALWAYS | {"statement_timeout": "30min", "lock_timeout": "10s"}, None)


async def connect(url: URL, manner: Manner) -> Any:
    """A connection; what the URL's query says goes before our settings."""
    given = {name: text for name, text in manner.settings.items() if name not in url.query}
    try:
        opened = await asyncpg.connect(
            url.render_as_string(hide_password=False),
            timeout=CONNECT_SECONDS,
            command_timeout=manner.answer_seconds,
            server_settings=given,
        )
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise _explain(url, error) from error
    try:
        _keep_alive(opened)
        # asyncpg's own are of a class of its own, which JSON writers do not know.
        await opened.set_type_codec(
            "uuid",
            schema="pg_catalog",
            format="binary",
            encoder=lambda given: given.bytes,
            decoder=_read_uuid,
        )
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        opened.terminate()
        raise _explain(url, error) from error
    return opened


def _read_uuid(raw: bytes) -> UUID:
    """A third of the time of `UUID(bytes=raw)`, which looks at all the ways to say one."""
    made = object.__new__(UUID)
    _SET_INT(made, int.from_bytes(raw, "big"))
    _SET_SAFE(made, SafeUUID.unknown)
    return made


_SET_INT, _SET_SAFE = vars(UUID)["int"].__set__, vars(UUID)["is_safe"].__set__
"""It is frozen, by refusing all that is set in other ways."""


def _keep_alive(opened: Any) -> None:
    wire = opened._transport.get_extra_info("socket")  # noqa: SLF001 - it shows its socket nowhere
    if wire.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, seconds in (
        ("TCP_KEEPIDLE", IDLE_SECONDS),
        ("TCP_KEEPINTVL", PROBE_SECONDS),
        ("TCP_KEEPCNT", PROBES),
        ("TCP_USER_TIMEOUT", GONE_SECONDS * 1000),
    ):
        if hasattr(socket, name):  # not every system has all of them
            wire.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), seconds)


def _explain(url: URL, error: Exception) -> DatabaseUnavailable:
    kind: type[DatabaseUnavailable] = DatabaseRefused
    mend = "mend TARIFFWIRE_DATABASE_URL"
    match error:
        case asyncpg.InvalidAuthorizationSpecificationError():
            said = f"refuses user {url.username!r} or the password ({error}): {mend}"
        case asyncpg.InvalidCatalogNameError():
            said = f"has no database {url.database!r}: create it, or {mend}"
        case asyncpg.UndefinedObjectError() | asyncpg.CantChangeRuntimeParamError():
            said = f"does not take an option of the URL ({error}): {mend}"
        case ConnectionError() if "SSL" in str(error):
            said = f"does not speak TLS ({error}): have it do so, or leave out sslmode"
        case _:
            kind, said = DatabaseUnavailable, _say_away(error)
    return kind(f"the database server at {url.host or 'localhost'}:{url.port or 5432} {said}")


def _say_away(error: Exception) -> str:
    match error:
        case asyncpg.TooManyConnectionsError():
            mend = "raise its max_connections, or lower TARIFFWIRE_DATABASE_POOL"
            return f"has no connection left ({error}): {mend}"
        case asyncpg.CannotConnectNowError():
            return f"is not ready yet ({error}): it is waited for"
        case TimeoutError():
            waited = f"did not answer within {CONNECT_SECONDS:.0f} s"
            return f"{waited}: is it up, is the address right?"
    return f"cannot be reached ({error}): start it, or mend TARIFFWIRE_DATABASE_URL"
