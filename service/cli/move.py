"""`tariffwire move`: an installation into another database and another log."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from service.cli.setup import read_own_settings, run
from service.cli.terminal import Json, Terminal, tabulate

if TYPE_CHECKING:
    from service.move import Moved, Place


def join(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("move")(move)


def move(
    context: typer.Context,
    *,
    database: Annotated[
        str, typer.Option(help="Where to, as in postgresql://user@host/name; it must be empty.")
    ],
    log: Annotated[
        str, typer.Option(help="Where to, as in kafka://host:9092/prefix; it must be empty.")
    ] = "",
    undo: Annotated[
        bool, typer.Option("--undo", help="Take it back, while nobody has served it there.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Take the installation of these settings to another database and log. Stop it first.

    Everything goes along: books, secrets, what waits, and events not yet read. Run it again if it
    was interrupted; until its last step the old installation stays in charge, and then the new.
    """
    from service.move import Place

    terminal: Terminal = context.obj
    settings = read_own_settings()
    home = Place(settings.database_url, settings.log_url)
    there = Place(database, log)
    if undo:
        _undo(terminal, home, there, as_json=as_json)
        return
    if not log:
        raise typer.BadParameter("say where the events go, too", param_hint="--log")
    _move(terminal, home, there, settings.secrets_keys, as_json=as_json)


def _move(
    terminal: Terminal, home: "Place", there: "Place", keys: Sequence[bytes], *, as_json: bool
) -> None:
    from service.move import move as do
    from service.runtime import utc_now
    from service.store.following.vault import Vault

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=terminal.err, disable=as_json) as bar:

        def tell(name: str, done: int, total: int) -> None:
            if total:
                task = tasks.setdefault(name, TaskID(-1))
                if task < 0:
                    task = tasks[name] = bar.add_task(name, total=total)
                bar.update(task, completed=done)

        moved = run(do(home, there, utc_now, tell, Vault(keys)))
    if as_json:
        terminal.answer(
            {"deployment": moved.deployment, "rows": moved.rows, "records": moved.records}
        )
    else:
        _report(terminal, moved)
        if keys:
            terminal.say("TARIFFWIRE_SECRETS_KEY goes along: secrets there are sealed by it")


def _report(terminal: Terminal, moved: "Moved") -> None:
    if moved.rows is None:
        terminal.say(("moved ", "green"), "all of it had been copied already")
    else:
        rows = [(name, f"{count:,}", f"{count:,}") for name, count in moved.rows.items() if count]
        rows.append(("unread records", f"{moved.records:,}", f"{moved.records:,}"))
        terminal.out.print(tabulate("", ("table", "here#", "there#"), rows))
        terminal.say(("moved ", "green"), f"deployment {moved.deployment}")
    terminal.say(
        "next: set TARIFFWIRE_DATABASE_URL and TARIFFWIRE_LOG_URL to the new place and start there;"
        " the topic of changes is written from the first change on"
    )


def _undo(terminal: Terminal, home: "Place", there: "Place", *, as_json: bool) -> None:
    from service.move import undo as take_back
    from service.runtime import utc_now

    deployment = run(take_back(home, there, utc_now))
    if as_json:
        terminal.answer({"deployment": deployment, "undone": True})
    else:
        terminal.say(("taken back ", "green"), f"deployment {deployment} is served here again")
