"""`tariffwire adopt`: a database and a log belong together because a person says so."""

from dataclasses import asdict
from typing import Annotated

import typer

from service.cli.setup import read_own_settings, run
from service.cli.terminal import Json, Terminal


def join(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("adopt")(adopt)


def adopt(
    context: typer.Context,
    *,
    yes: Annotated[
        bool, typer.Option("--yes", help="No process of this installation runs now.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Have this database follow this log, whatever they were before. Stop the service first.

    For a log that was restored from a backup older than the database, or that takes the place of
    one that is lost. It is read from its start: what it repeats is known by its identity and makes
    nothing twice. Nothing is sent until `tariffwire send release`.
    """
    from service.move import adopt as do
    from service.runtime import utc_now

    terminal: Terminal = context.obj
    settings = read_own_settings()
    if not as_json:
        terminal.err.print("The log will be read from its start, and sending be held.", style="dim")
    adopted = run(do(settings, utc_now, is_stopped=yes))
    if as_json:
        terminal.answer(asdict(adopted))
        return
    terminal.say(
        ("adopted ", "green"), f"deployment {adopted.deployment} follows log {adopted.log_id}"
    )
    if adopted.made_way:
        terminal.say(f"{adopted.made_way} inputs in quarantine have an id of their own now")
    terminal.say("next: tariffwire serve; look at what waits; then tariffwire send release")
