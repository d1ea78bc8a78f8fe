"""`tariffwire schedule load`: the rates of a tariff schedule, into the books."""

import json
import re
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli.client import Api, open_api
from service.cli.exits import BadFile, Trouble
from service.cli.posting import open_bar, send_all
from service.cli.terminal import Json, Terminal, tabulate

if TYPE_CHECKING:
    from service.core.schedule import Revision, ScheduleMeasure, Sheet

PATIENCE_SECONDS = 600.0
POLL_SECONDS = 0.2
EVERY = 10**9

group = typer.Typer(no_args_is_help=True, help="Load a tariff schedule.")


def join(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group, name="schedule")


def _read_day(given: str) -> date:
    try:
        return date.fromisoformat(given)
    except ValueError as error:
        said = f"'{given[:40]}' is no day; write it as 2025-04-09"
        raise typer.BadParameter(said) from error


@group.callback()
def _begin() -> None:
    """One command so far; a group all the same, for it is about more than loading."""


@group.command("load")
def load(  # noqa: PLR0913 - one per option
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="A USITC export: JSON, plain or gzipped.")],
    effective: Annotated[
        date,
        typer.Option(parser=_read_day, metavar="DAY", help="The day from which it holds."),
    ],
    known: Annotated[
        date | None,
        typer.Option(parser=_read_day, metavar="DAY", help="Known since; else as `--effective`."),
    ] = None,
    revision: Annotated[
        str, typer.Option(help="Its name, as cited; else that of the file.", show_default=False)
    ] = "",
    *,
    whole: Annotated[
        bool, typer.Option("--whole", help="End every line that it lacks, however many.")
    ] = False,
    part: Annotated[
        bool, typer.Option("--part", help="It is a part: leave the lines that it lacks.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and count it; ask and send nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Turn the rates of a US schedule into measures; what is in the books already stays.

    Nobody is alerted. Interrupted, it is repeated: what was sent is known.
    """
    from service.core.schedule import Revision, on_lines_of

    terminal: Terminal = context.obj
    this = Revision(revision or _name_of(file), effective, known or effective)
    if whole and part:
        raise typer.BadParameter("a schedule is --whole or a --part of one: leave one out")
    found = _read(file, this)
    sent: dict[str, Any] | None = None
    if not dry_run:
        with open_api(terminal) as api:
            _await_books(terminal, api)
            held = _held(terminal, api, this.effective)
            if part:
                held = on_lines_of(held, found.sheet.measures)
            elif not whole:
                _refuse_loss(file, held, found.sheet)
            sent = _bring_up_to(terminal, api, held, found.sheet, this)
    said = found.as_json() | {"revision": this.name, "effective": effective, "sent": sent}
    if as_json:
        terminal.answer(said)
    else:
        _report(terminal, said)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a file holds."""

    rows: int
    lines: int
    sheet: "Sheet"
    left_out: Mapping[str, int]

    def as_json(self) -> dict[str, Any]:
        """Counts: rows, lines, cells that were read or not, measures, what was left out."""
        cells, unread = self.sheet.cells, self.sheet.unread
        programmes = Counter(one.programme for one in self.sheet.measures.values())
        return {
            "rows": self.rows,
            "lines": self.lines,
            "cells": {
                name: {"read": cells[name] - unread[name], "unknown": unread[name]}
                for name in cells
            },
            "measures": dict(programmes),
            "left_out": dict(self.left_out) | dict(self.sheet.left_out),
        }


def _name_of(file: str) -> str:
    return re.sub(r"(\.json)?(\.gz)?$", "", Path(file).name)


def _read(file: str, revision: "Revision") -> Loaded:
    from service.core.schedule import WrongSchedule, find_lines, measures_of, read_rows

    try:
        rows = read_rows(Path(file).read_bytes())
    except OSError as error:
        raise BadFile(f"cannot read {file}: {error.strerror}") from error
    except WrongSchedule as error:
        raise BadFile(f"{file}: {error}") from error
    lines = find_lines(rows)
    if not lines.by_digits:
        raise BadFile(f"{file}: none of its {len(rows):,} rows states a rate of chapters 1 to 97")
    sheet = measures_of(lines.by_digits.values(), revision.effective)
    return Loaded(len(rows), len(lines.by_digits), sheet, lines.left_out)


def _refuse_loss(file: str, held: "Mapping[str, ScheduleMeasure]", sheet: "Sheet") -> None:
    """Where a part of the schedule would end the rest of it."""
    from service.core.schedule import lost_lines

    if lost := lost_lines(held, sheet.measures):
        chapters = sorted({line[:2] for line in lost})
        raise BadFile(
            f"{file} lacks {len(lost):,} lines that the books have, of {len(chapters)} chapters"
            f" ({chapters[0]} to {chapters[-1]}): they would end. Nothing was sent; say --part if"
            " it is a part of the schedule, and --whole if they end indeed"
        )


def _bring_up_to(
    terminal: Terminal,
    api: Api,
    held: "Mapping[str, ScheduleMeasure]",
    sheet: "Sheet",
    revision: "Revision",
) -> dict[str, Any]:
    """Send what differs from the books, and wait until it stands in them."""
    from service.core.schedule import steps_between

    steps = list(steps_between(held, sheet.measures, revision))
    moved = {step["data"]["measure"] for step in steps}
    taken = {"accepted": 0, "duplicates": 0}
    if steps:
        taken = send_all(terminal, api, [json.dumps(step).encode() for step in steps])
        _await_books(terminal, api)
    actions = Counter(step["data"]["action"] for step in steps)
    return {
        "accepted": taken["accepted"],
        "duplicates": taken["duplicates"],
        "unchanged": len(held.keys() - moved),
        "actions": dict(actions),
    }


def _held(terminal: Terminal, api: Api, on: date) -> "dict[str, ScheduleMeasure]":
    """What the books have of the schedule on that day."""
    from service.core.schedule import PROGRAMMES, read_held

    found: dict[str, ScheduleMeasure] = {}
    with open_bar(terminal) as bar:
        task = bar.add_task("reading the books", total=None, speed="")
        for programme in PROGRAMMES:
            asked = {"importer": "US", "programme": programme, "at": on.isoformat()}
            for item in api.pages("/v1/measures", EVERY, **asked):
                measure = read_held(item)
                if measure:
                    found[measure.key] = measure
                    bar.update(task, completed=len(found))
    return found


def _await_books(terminal: Terminal, api: Api) -> None:
    """Until all that was accepted is taken up: else the books would be asked too soon."""
    deadline = time.perf_counter() + PATIENCE_SECONDS
    with open_bar(terminal) as bar:
        task = bar.add_task("taking up", total=None, speed="")
        while waiting := _waiting(api):
            if time.perf_counter() > deadline:
                said = f"{waiting:,} events still wait to be taken up (tariffwire status)"
                raise Trouble(f"{said}; repeat the command when they are")
            bar.update(task, speed=f"{waiting:,} wait")
            time.sleep(POLL_SECONDS)


def _waiting(api: Api) -> int:
    stages = api.get("/v1/status")["stages"]
    return int(stages["source"]["waiting"] + stages["event"]["waiting"])


def _report(terminal: Terminal, said: Mapping[str, Any]) -> None:
    terminal.say((f"{said['revision']}: ", "bold"), f"{said['lines']:,} lines")
    rows = [
        (name, f"{one['read']:,}", f"{one['unknown']:,}", _share(one))
        for name, one in said["cells"].items()
    ]
    terminal.out.print(tabulate("", ("column", "rates#", "unknown#", "read#"), rows))
    made = ", ".join(f"{count:,} {name}" for name, count in said["measures"].items())
    terminal.say(f"measures: {made}")
    for why, count in said["left_out"].items():
        terminal.say((f"left out: {count:,} ", "yellow"), why)
    if said["sent"] is not None:
        _report_sent(terminal, said["sent"])


def _share(one: Mapping[str, int]) -> str:
    return f"{one['read'] / (one['read'] + one['unknown']):.2%}"


def _report_sent(terminal: Terminal, sent: Mapping[str, Any]) -> None:
    steps = ", ".join(f"{count:,} {action}" for action, count in sent["actions"].items())
    terminal.say(
        (f"{sent['accepted']:,} accepted", "green"),
        f" as history, {sent['duplicates']:,} known before, {sent['unchanged']:,} unchanged",
        f": {steps}" if steps else "",
    )
