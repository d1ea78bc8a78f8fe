"""Where a command speaks: rich text for people, JSON for programs, complaints to standard error."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

PIPED_WIDTH = 140


def _open_console(*, stderr: bool = False) -> Console:
    """A pipe has no width of its own: a table is not squeezed into eighty columns there."""
    console = Console(stderr=stderr, highlight=False)
    return (
        console
        if console.is_terminal
        else Console(stderr=stderr, highlight=False, width=PIPED_WIDTH)
    )


@dataclass(slots=True)
class Terminal:
    """Which service the commands talk to, and how they talk to their caller."""

    url: str = ""
    key: str | None = None
    machine: bool = False
    out: Console = field(default_factory=_open_console)
    err: Console = field(default_factory=lambda: _open_console(stderr=True))

    def say(self, *parts: str | tuple[str, str]) -> None:
        """A line for people: plain strings, or (text, style)."""
        self.out.print(Text.assemble(*parts), soft_wrap=True)

    def answer(self, found: Any) -> None:
        """One JSON value on standard output."""
        print(json.dumps(found, ensure_ascii=False, default=str), flush=True)  # noqa: T201 - its job

    def complain(self, error: BaseException, words: str) -> None:
        """What, where, how to mend; for programs also as JSON on standard output."""
        problem = getattr(error, "problem", None) or {"title": type(error).__name__}
        if self.machine:
            self.answer({"error": {"detail": words} | problem})
        self.err.print(Text.assemble(("error ", "bold red"), plain(words)), soft_wrap=True)
        for one in problem.get("errors", ()):
            if str(one.get("what")) in words:
                continue  # it is said already
            where, what = plain(str(one.get("where"))), plain(str(one.get("what")))
            self.err.print(Text.assemble("  ", (where, "bold"), f": {what}"), soft_wrap=True)


def count(number: int, what: str, *, is_cut: bool = False) -> str:
    """As "1 catalogue" and "50 mutes (there are more: --limit)"; `what` is said in the plural."""
    named = f"{number:,} {_one_of(what) if number == 1 else what}"
    return f"{named} (there are more: --limit)" if is_cut else named


def _one_of(what: str) -> str:
    first, blank, rest = what.partition(" ")
    if blank:
        return f"{first} {_one_of(rest)}"
    if what.endswith("ies"):
        return f"{what.removesuffix('ies')}y"
    return what.removesuffix("es") if what.endswith("sses") else what.removesuffix("s")


def plain(text: str) -> str:
    """On one line, and nothing in it that a terminal would obey."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def tabulate(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    """A table of plain texts; "#" at the end of a column's name aligns its figures."""
    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
    table.title_style = "bold"
    for name in columns:
        justify: Literal["left", "right"] = "right" if name.endswith("#") else "left"
        label = name.removesuffix("#")
        table.add_column(label, justify=justify, overflow="fold", header_style="dim")
    for row in rows:
        table.add_row(*(Text(plain("" if one is None else str(one))) for one in row))
    return table


def _note(context: typer.Context, *, machine: bool) -> bool:
    context.find_root().obj.machine = machine
    return machine


def _note_machine(context: typer.Context, value: bool) -> bool:  # noqa: FBT001 - typer calls it so
    return _note(context, machine=value)


Json = Annotated[
    bool, typer.Option("--json", callback=_note_machine, help="Answer as JSON on standard output.")
]
