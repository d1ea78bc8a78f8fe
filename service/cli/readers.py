"""`tariffwire destinations confirm|consents`, `suppressions …`: what readers of mail have said."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from service.cli.client import open_api
from service.cli.terminal import Json, Terminal, count, tabulate

group = typer.Typer(no_args_is_help=True, help="Addresses that get no mail.")
Id = Annotated[str, typer.Argument(help="Its id.")]
LIMIT = 1000
UNCONFIRMED = "unconfirmed"
NOT_CONFIRMED = (
    ": its reader is asked by mail to confirm first, and alerts are held until then"
    " (`tariffwire status` says if mail cannot be sent)"
)


def join(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group, name="suppressions")


def join_destinations(of: typer.Typer) -> None:
    """Those that are about one destination."""
    of.command("confirm")(ask)
    of.command("consents")(show_consents)


def ask(context: typer.Context, destination: Id, *, as_json: Json = False) -> None:
    """Ask its reader once more to confirm; three times a day at most."""
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        found = api.post(f"/v1/destinations/{destination}/confirmation")
    if as_json:
        terminal.answer(found)
    else:
        terminal.say((f"{found['state']} ", "yellow"), found["reason"])


def say_unconfirmed(terminal: Terminal, destination: dict[str, Any]) -> None:
    """What its owner waits for, where its reader must confirm first."""
    if destination["state"] == UNCONFIRMED:
        terminal.say(("  not confirmed yet", "yellow"), NOT_CONFIRMED)


def show_consents(context: typer.Context, destination: Id, *, as_json: Json = False) -> None:
    """Show what its reader has said, and who vouched for it."""
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        found = api.get(f"/v1/destinations/{destination}/consents")["items"]
    if as_json:
        terminal.answer(found)
        return
    rows = [(one["at"], one["act"], one["address"], one["note"]) for one in found]
    terminal.out.print(tabulate("", ("at", "what", "address", "note"), rows))


@group.command("list")
def show(context: typer.Context, *, as_json: Json = False) -> None:
    """List addresses that a server said are no good, and its words."""
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        found = list(api.pages("/v1/suppressions", LIMIT))
    if as_json:
        terminal.answer(found)
        return
    rows = [(one["address"], one["at"], one["reason"]) for one in found]
    terminal.out.print(tabulate(count(len(rows), "addresses"), ("address", "since", "why"), rows))


@group.command("rm")
def lift(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="As `suppressions list` shows it.")],
    *,
    as_json: Json = False,
) -> None:
    """Trust an address again; what was held for it since is sent."""
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        found = api.delete(f"/v1/suppressions/{quote(address, safe='@')}")
    if as_json:
        terminal.answer(found)
    else:
        terminal.say(("trusted again ", "green"), f"{address}; {found['released']} alerts go out")
