"""`tariffwire verify`: whether the books add up, and what does not."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.status import Status

from service.cli.exits import Exit
from service.cli.setup import read_own_settings, run
from service.cli.terminal import Json, Terminal
from service.settings import BadSetting, Settings

if TYPE_CHECKING:
    from service.log import Log
    from service.verify import Books, Finding

YEAR = timedelta(days=365.25)
STYLES = {"wrong": "bold red", "overdue": "yellow", "note": "dim"}


@dataclass(slots=True)
class Result:
    """What was found, and how much was looked at."""

    findings: list["Finding"] = field(default_factory=list)
    counted: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def adds_up(self) -> bool:
        """Whether there is no bad news; what is only worth knowing is none."""
        return all(one.kind == "note" for one in self.findings)

    @property
    def speed(self) -> float:
        """Events checked and folded again, by second."""
        return self.counted.get("events", 0) / max(self.seconds, 1e-6)


def join(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("verify")(verify)


def verify(
    context: typer.Context,
    *,
    every: Annotated[
        bool, typer.Option("--all", help="List all that does not add up, not the first only.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check the books: outcomes, sequences, fan-outs, deliveries, standings, bookmarks.

    Reads only, and all of one moment, so the service may run on. Exit code 6 when something does
    not add up. An embedded log is held by the service: its bookmarks are compared when that rests.
    """
    terminal: Terminal = context.obj
    result = run(_verify(terminal, read_own_settings(), every=every))
    if as_json:
        terminal.answer(_as_json(result))
    else:
        _report(terminal, result)
    if not result.adds_up:
        raise typer.Exit(Exit.TROUBLE)


async def _verify(terminal: Terminal, settings: Settings, *, every: bool) -> Result:
    from service.runtime import utc_now
    from service.store.audit import has_books, names_missing_file
    from service.store.database import open_database
    from service.verify import Books

    _refuse_missing(is_missing=names_missing_file(settings.database_url))
    started, now = monotonic(), utc_now()
    result = Result()
    async with (
        open_database(settings.database_url, pool=2) as db,
        _open_log(settings, result) as log,
        db.read() as session,
    ):
        _refuse_missing(is_missing=not await has_books(session))
        with terminal.err.status("verifying …") as shown:
            books = Books(
                session, now, _kept_since(now, settings), tell=_Teller(terminal, shown).tell
            )
            await _collect(books, log, result, every=every)
    result.counted = books.counted
    result.seconds = monotonic() - started
    return result


async def _collect(books: "Books", log: "Log | None", result: Result, *, every: bool) -> None:
    from service.verify import walk

    async for one in walk(books, log):
        result.findings.append(one)
        if not every and not result.adds_up:
            return


def _kept_since(now: datetime, settings: Settings) -> datetime:
    return now - settings.keep_years * YEAR


def _refuse_missing(*, is_missing: bool) -> None:
    if is_missing:
        raise BadSetting(
            "there are no books of this release there: set TARIFFWIRE_DATABASE_URL, or bring them"
            " up to date with tariffwire migrate"
        )


@asynccontextmanager
async def _open_log(settings: Settings, result: Result) -> "AsyncIterator[Log | None]":
    """The log, if it can be opened; the rest can be checked without."""
    from service.log import LogError, open_log
    from service.runtime import utc_now
    from service.store.audit import names_missing_file
    from service.verify import Finding, Kind

    async with AsyncExitStack() as stack:
        log, fault = None, ""
        if names_missing_file(settings.log_url):
            fault = "there is no such file; look at TARIFFWIRE_LOG_URL"
        else:
            try:
                log = await stack.enter_async_context(open_log(settings.log_url, utc_now))
            except LogError as error:
                fault = str(error)
        if fault:
            said = f"was not compared with the bookmarks: {fault}"
            result.findings.append(Finding("bookmarks", "the log", said, Kind.NOTE))
        yield log


class _Teller:
    """Shows how far it has come: a line that moves, and one that stays for each check."""

    def __init__(self, terminal: Terminal, shown: Status) -> None:
        self._terminal = terminal
        self._shown = shown
        self._former = ("", 0)

    def tell(self, check: str, rows: int) -> None:
        if check != self._former[0] and self._former[0]:
            self._terminal.err.print(f"{self._former[0]}: {self._former[1]:,}", style="dim")
        self._former = (check, rows)
        self._shown.update(f"{check}: {rows:,}")


def _as_json(result: Result) -> dict[str, Any]:
    return {
        "adds_up": result.adds_up,
        "findings": [
            {"check": one.check, "kind": one.kind, "row": one.row, "said": str(one)}
            for one in result.findings
        ],
        "checked": result.counted,
        "seconds": round(result.seconds, 3),
        "events_per_second": round(result.speed),
    }


def _report(terminal: Terminal, result: Result) -> None:
    for one in result.findings:
        terminal.say((f"{one.kind} ", STYLES[one.kind]), str(one))
    checked = ", ".join(f"{count:,} {what}" for what, count in result.counted.items() if count)
    looked = f"{checked or 'empty books'}; {result.seconds:.1f} s, {result.speed:,.0f} events/s"
    if result.adds_up:
        terminal.say(("the books add up ", "green"), f"({looked})")
    else:
        terminal.say(("the books do not add up ", "bold red"), f"({looked})")
