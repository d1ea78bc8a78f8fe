"""`tariffwire send …`: whether anything goes out, stopping it, and letting it go."""

from typing import Annotated, Any

import typer

from service.cli.client import open_api
from service.cli.terminal import Json, Terminal, count, plain

group = typer.Typer(no_args_is_help=True, help="Whether anything goes out.")


def join(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group, name="send")


@group.command("status")
def status(context: typer.Context, *, as_json: Json = False) -> None:
    """Show whether sending is held, why, and how many deliveries wait for a release."""
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        found = api.get("/v1/sending")
    _report(terminal, found, as_json=as_json)


@group.command("hold")
def hold(
    context: typer.Context,
    reason: Annotated[str, typer.Argument(help="Why; whoever looks later reads it.")],
    *,
    as_json: Json = False,
) -> None:
    """Stop all sending, in every process; nothing is lost."""
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        found = api.post("/v1/sending/hold", {"reason": reason})
    _report(terminal, found, as_json=as_json)


@group.command("release")
def release(context: typer.Context, *, as_json: Json = False) -> None:
    """Let everything go that waited; refused while TARIFFWIRE_SEND=held."""
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        found = api.post("/v1/sending/release")
    if as_json:
        terminal.answer(found)
    else:
        terminal.say(("released ", "green"), count(found["released"], "deliveries"))


def _report(terminal: Terminal, found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        terminal.answer(found)
        return
    if found["state"] == "held":
        since = f" since {found['since']}" if found["since"] else ""
        terminal.say(("held", "yellow"), f"{since}: {plain(found['reason'])}")
    else:
        mode = "" if found["mode"] == "live" else f" ({plain(found['mode'])})"
        terminal.say(("live", "green"), mode)
    if found["held"]:
        terminal.say(f"{found['held']:,} deliveries wait for `tariffwire send release`")
