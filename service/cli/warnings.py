"""`tariffwire destinations warn|pause|enable`: whom to tell when one fails, stop and go on."""

from typing import Annotated, Any

import typer

from service.cli.client import open_api
from service.cli.exits import Trouble
from service.cli.terminal import Json, Terminal, plain

Id = Annotated[str, typer.Argument(help="The id of the destination.")]
NOBODY, OFF = "none", "off"
EVERY = ("day", "week", OFF)


def join(group: typer.Typer) -> None:
    """Add the commands of this module to those of destinations."""
    group.command("warn")(warn)
    group.command("pause")(pause)
    group.command("enable")(enable)


def warn(
    context: typer.Context,
    destination: Id,
    *,
    via: Annotated[
        str | None,
        typer.Option(help="Another destination, told when this one fails; none: no other."),
    ] = None,
    heartbeat: Annotated[
        str | None, typer.Option(help="day, week or off: say when nothing has changed.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say who is told when this destination fails, and whether it is told that all is quiet."""
    terminal: Terminal = context.obj
    wishes = _read_wishes(via, heartbeat)
    path = f"/v1/destinations/{destination}"
    with open_api(terminal) as api:
        if wishes:
            api.patch(path, {"preferences": wishes})
        found = api.get(path)
    if as_json:
        terminal.answer(found)
    else:
        _show(terminal, found)


def _read_wishes(via: str | None, heartbeat: str | None) -> dict[str, Any]:
    """What is not named stays as it is."""
    wishes: dict[str, Any] = {}
    if via is not None:
        wishes["warn"] = None if via == NOBODY else via
    if heartbeat is not None:
        if heartbeat not in EVERY:
            raise typer.BadParameter(f"write {', '.join(EVERY)}", param_hint="--heartbeat")
        wishes["heartbeat"] = None if heartbeat == OFF else heartbeat
    return wishes


def _show(terminal: Terminal, found: dict[str, Any]) -> None:
    warnings = found["warnings"]
    lapse = f" ({plain(warnings['because'])})" if warnings["because"] else ""
    to = warnings["go_to"] or "nobody: the log alone"
    terminal.say(("warnings go to ", "green"), f"{plain(to)}{lapse}")
    every = found["preferences"]["heartbeat"]
    terminal.say(("heartbeat ", "green"), f"every {every}" if every else OFF)


def pause(context: typer.Context, destination: Id, *, as_json: Json = False) -> None:
    """Have it wait: what is for it is held, not lost, until it is enabled."""
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        found = api.patch(f"/v1/destinations/{destination}", {"state": "paused"})
    if as_json:
        terminal.answer(found)
    else:
        _say_state(terminal, found)


def enable(
    context: typer.Context,
    destination: Id,
    *,
    trust: Annotated[
        bool, typer.Option("--trust", help="A mail address that a server said is no good, too.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Have a destination go on: what was held for it is sent in its order."""
    terminal: Terminal = context.obj
    path = f"/v1/destinations/{destination}"
    with open_api(terminal) as api:
        if trust:
            api.delete(f"/v1/suppressions/{_address(api.get(path))}")
            found = api.get(path)
        else:
            found = api.patch(path, {"state": "active"})
    if as_json:
        terminal.answer(found)
    else:
        _say_state(terminal, found)


def _say_state(terminal: Terminal, found: dict[str, Any]) -> None:
    terminal.say((f"{found['state']} ", "green"), found["id"])


def _address(found: dict[str, Any]) -> str:
    if found["kind"] != "email":
        raise Trouble(f"{found['id']} is no mail address: leave out --trust")
    return str(found["email"])
