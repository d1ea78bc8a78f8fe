"""How a command ends: an exit code that means something, and words for whoever has to mend it."""

import sys
from collections.abc import Iterator
from enum import IntEnum
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from service.cli.terminal import Terminal


class Exit(IntEnum):
    """The exit codes; `HELP` says them to people."""

    OK = 0
    REFUSED = 1
    USAGE = 2
    UNREACHABLE = 3
    SETUP = 4
    DATA = 5
    TROUBLE = 6
    STOPPED = 130


MEANINGS: dict[Exit, str] = {
    Exit.OK: "done",
    Exit.REFUSED: "the service refused, and said what to mend",
    Exit.USAGE: "the command was not understood",
    Exit.UNREACHABLE: "no service answers there",
    Exit.SETUP: "it cannot start: a setting, a port, or a file that another process holds",
    Exit.DATA: "the data is not what it must be: an input file, the log, the database",
    Exit.TROUBLE: "done, with bad news: a test message was not taken, a role is down",
    Exit.STOPPED: "stopped by Ctrl-C",
}
HELP = "Exit codes: " + "; ".join(f"{code.value} {said}" for code, said in MEANINGS.items()) + "."


class Refused(Exception):
    """The service refused the request."""

    def __init__(self, problem: dict[str, Any]) -> None:
        """`problem` is the RFC 9457 object that it answered."""
        super().__init__(str(problem.get("detail") or problem.get("title") or self.__doc__))
        self.problem = problem


class Unreachable(Exception):
    """No service answers there."""


class BadFile(Exception):
    """This file cannot be read as events."""


class NotAside(Exception):
    """This record cannot be set aside."""


class Trouble(Exception):
    """It was done, and the result is bad news."""


_OURS: dict[type[Exception], Exit] = {
    Refused: Exit.REFUSED,
    Unreachable: Exit.UNREACHABLE,
    BadFile: Exit.DATA,
    NotAside: Exit.DATA,
    Trouble: Exit.TROUBLE,
}
# By name: most commands never load these modules, and what is not loaded has raised nothing.
_OF_MODULES: tuple[tuple[str, str, Exit], ...] = (
    ("service.settings", "BadSetting", Exit.SETUP),
    ("service.store.database", "UnknownDatabase", Exit.SETUP),
    ("service.store.following.vault", "WrongSecretsKey", Exit.SETUP),
    ("service.store.database", "DatabaseUnavailable", Exit.SETUP),
    ("service.demo", "NotEmpty", Exit.SETUP),
    ("service.runtime", "RoleStuck", Exit.SETUP),
    ("service.dispatch.mail", "UnsafeCredentials", Exit.SETUP),
    ("service.dispatch.mailbox", "BadMailbox", Exit.SETUP),
    ("service.dispatch.seal", "BadKey", Exit.SETUP),
    ("service.runtime", "CannotListen", Exit.SETUP),
    ("service.listener", "CannotReceive", Exit.SETUP),
    ("service.log", "LogMisfit", Exit.DATA),
    ("service.log", "LogError", Exit.SETUP),
    ("service.store.installation.identity", "WrongLog", Exit.DATA),
    ("consumers.consumer", "Poisoned", Exit.DATA),
    ("consumers.consumer", "TooManyUnreadable", Exit.DATA),
    ("sqlalchemy.exc", "OperationalError", Exit.SETUP),
    ("alembic.util", "CommandError", Exit.SETUP),
)


def code_of(error: BaseException) -> Exit | None:
    """The exit code of an error that a person can mend; None for a fault of ours."""
    for kind, code in _known_kinds():
        if isinstance(error, kind):
            return code
    return None


def _known_kinds() -> Iterator[tuple[type[BaseException], Exit]]:
    yield from _OURS.items()
    for module, name, code in _OF_MODULES:
        if module in sys.modules:
            yield getattr(import_module(module), name), code


def leaves(error: BaseException) -> Iterator[BaseException]:
    """The errors that a task group gathered, or the one itself."""
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from leaves(one)
    else:
        yield error


def _words_of(error: BaseException) -> str:
    """A database's own words lack where to look."""
    cause = getattr(error, "orig", None)
    if cause or type(error).__name__ in {"DatabaseUnavailable", "DatabaseRefused"}:
        return f"the database: {cause or error}; look at TARIFFWIRE_DATABASE_URL"
    return str(error)


class MendableGroup(TyperGroup):
    """Says errors that people can mend and exits with their code; lets faults of ours through."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            found = [(one, code_of(one)) for one in leaves(error)]
            if any(code is None for _, code in found):
                raise
            terminal = ctx.obj or Terminal()
            for one, _ in found:
                terminal.complain(one, _words_of(one))
            code = found[0][1]
            raise typer.Exit(code or 0) from error
