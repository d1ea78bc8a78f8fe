"""What a person sees of the demo, on a terminal or through a pipe."""

from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.demo.account import Account
from service.demo.importers import IMPORTERS, Importer

_COLOURS = dict(
    zip((one.name for one in IMPORTERS), ("cyan", "green", "yellow", "magenta"), strict=True)
)
_WIDTHS = (11, max(len(one.name) for one in IMPORTERS), 7)
"""Of day, importer and channel."""


class Stage:
    """Prints to one console. A pipe gets each alert on one line, whole.

    A terminal gets a sentence whole the first time, and cut to a line for those who hear it too.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._said: set[str] = set()

    def open(self, url: str, events: int) -> None:
        """Before the first event."""
        self._line(("tariffwire demo", "bold"), f": a service of its own at {url},")
        self._line(f"{events} real events of 2025 in, {len(IMPORTERS)} made-up importers:")
        for one in IMPORTERS:
            name = (f"  {one.name:<{_WIDTHS[1]}}", _COLOURS[one.name])
            self._line(name, f"  {one.channel:<7}  {one.follows}")
        self._line("")

    def tell(self, day: datetime, importer: Importer, summary: str) -> None:
        """One alert, as it arrived and was verified."""
        said = f"{day.day} {day:%b %Y}"
        name, channel = importer.name, importer.channel
        if not self._console.is_terminal:
            parts = (said.rjust(_WIDTHS[0]), name.ljust(_WIDTHS[1]), channel.ljust(_WIDTHS[2]))
            self._line("  ".join((*parts, summary)))
            return
        row = Table.grid(padding=(0, 2))
        for width, justify in zip(_WIDTHS, ("right", "left", "left"), strict=True):
            row.add_column(width=width, justify=justify)  # type: ignore[arg-type]
        row.add_column(overflow="ellipsis", no_wrap=summary in self._said)
        self._said.add(summary)
        row.add_row(
            Text(said, "dim"), Text(name, _COLOURS[name]), Text(channel, "dim"), Text(summary)
        )
        self._console.print(row)

    def close(self, account: Account) -> None:
        """The summary."""
        self._line("")
        changed = f"{account.changes} changes"
        alerts = sum(one.received for one in account.tallies)
        self._line(
            (f"{account.events} events → {changed} → {alerts} alerts", "bold"),
            f" in {account.seconds:.1f} s",
        )
        self._line("")
        self._console.print(_alerts(account))
        self._line("")
        self._console.print(_unsent(account))
        self._line("")
        for one in account.failures:
            self._line(("failed ", "bold red"), one)

    def guide(self, url: str | None) -> None:
        """How to go on; with a URL while the demo serves on."""
        if url is None:
            self._line(("Go on: ", "bold"), "tariffwire demo --keep      keeps serving, for curl")
            self._line("       tariffwire serve            your own, on 127.0.0.1:8320")
            self._line("       tariffwire trigger --list   examples to send to it")
            return
        self._line(("Still serving ", "bold green"), f"{url}, until Ctrl-C. For example:")
        self._line(f"  curl -s '{url}/v1/measures/us-reciprocal-cn?at=2025-05-01'")
        self._line(f"  curl -s '{url}/v1/changes?order=newest&limit=3'")
        self._line(f"  tariffwire --url {url} trigger rate_increased")

    def _line(self, *parts: Any) -> None:
        self._console.print(Text.assemble(*parts), soft_wrap=True)


def _alerts(account: Account) -> Table:
    table = _table("Sent", "importer", "follows", "channel", "promised#", "received#", "proof#")
    for one in account.tallies:
        proof = "signatures verified" if one.channel == "webhook" else "mails accepted"
        style = "" if one.is_whole else "bold red"
        name = Text(one.importer, _COLOURS.get(one.importer, ""))
        figures = (str(one.promised), str(one.received), f"{one.verified} {proof}")
        table.add_row(name, one.follows, one.channel, *(Text(text, style) for text in figures))
    return table


def _unsent(account: Account) -> Table:
    table = _table("Not sent, and why", "to", "because of", "times#", "for example")
    for one in account.unsent:
        who = Text(one.who, _COLOURS.get(one.who, ""))
        table.add_row(who, one.why, str(one.count), Text(one.example))
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.title_style = "bold"
    for name in columns:
        label = name.removesuffix("#")
        justify: Any = "right" if name != label else "left"
        table.add_column(label, justify=justify, header_style="dim", overflow="fold")
    return table
