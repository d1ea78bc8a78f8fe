"""`tariffwire destinations …`: where alerts go."""

from typing import Annotated, Any

import typer

from service.cli import dialling, keys, readers, warnings, wishes
from service.cli.client import open_api
from service.cli.dialling import (
    AtOnce,
    Consent,
    Email,
    Header,
    Id,
    Login,
    Ordered,
    Pem,
    Rate,
    Url,
    named,
    read_dialling,
)
from service.cli.exits import Trouble
from service.cli.terminal import Json, Terminal, count, tabulate

group = typer.Typer(no_args_is_help=True, help="Where alerts go.")
LIMIT = 1000


def join(app: typer.Typer) -> None:
    """Add the commands of this module."""
    keys.join(group)
    dialling.join(group)
    readers.join_destinations(group)
    wishes.join(group)
    warnings.join(group)
    app.add_typer(group, name="destinations")


@group.command("add")
def add(  # noqa: PLR0913 - one option a field
    context: typer.Context,
    *,
    url: Url = None,
    email: Email = None,
    pull: Annotated[
        bool, typer.Option("--pull", help="Nothing is sent: it asks for its alerts.")
    ] = False,
    consent: Consent = None,
    name: Annotated[str, typer.Option(help="For people.")] = "",
    secret: Annotated[
        str | None, typer.Option(help="whsec_…; made for you if left out.", show_default=False)
    ] = None,
    sign: Annotated[
        list[str] | None, typer.Option(help="v1a: sign by Ed25519 as well.", show_default=False)
    ] = None,
    header: Header = None,
    authority: Pem = None,
    certificate: Pem = None,
    key: Pem = None,
    oauth: Login = None,
    rate: Rate = None,
    at_once: AtOnce = None,
    ordered: Ordered = None,
    as_json: Json = False,
) -> None:
    """Add a webhook, an address, or one who asks. A signing secret is shown once.

    --authority is trusted beside the system's own; --certificate and --key are shown to it.
    --oauth is a login that it is shown an OAuth 2.0 access token of.
    """
    terminal: Terminal = context.obj
    if (url is not None) + (email is not None) + pull != 1:
        raise typer.BadParameter("name either --url or --email, or say --pull")
    given: dict[str, Any] = {
        "url": url,
        "email": email,
        "pull": pull or None,
        "confirmed": True if consent else None,
        "consent": consent,
        "name": name,
        "secret": secret,
        "rate": rate,
        "at_once": at_once,
        "ordered": ordered,
    }
    given |= read_dialling(sign, header, (authority, certificate, key), oauth)
    with open_api(terminal) as api:
        found = api.post("/v1/destinations", named(given))
    if as_json:
        terminal.answer(found)
        return
    terminal.say(("added ", "green"), found["id"])
    keys.say_once(terminal, found)
    readers.say_unconfirmed(terminal, found)


@group.command("list")
def show(
    context: typer.Context,
    *,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = LIMIT,
    as_json: Json = False,
) -> None:
    """List destinations in the order of their making."""
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        found, is_cut = api.some("/v1/destinations", limit)
    if as_json:
        terminal.answer(found)
        return
    rows = [(one["id"], one["name"], one["state"], _address(one), one["reason"]) for one in found]
    columns = ("id", "name", "state", "address", "why")
    terminal.out.print(tabulate(count(len(rows), "destinations", is_cut=is_cut), columns, rows))


def _address(one: dict[str, Any]) -> str:
    return str(one.get("url") or one.get("email") or one.get("alerts"))


@group.command("test")
def try_out(context: typer.Context, destination: Id, *, as_json: Json = False) -> None:
    """Send one message, marked as a test, and show what its receiver answered."""
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        found = api.post(f"/v1/destinations/{destination}/test")
    if as_json:
        terminal.answer(found)
    elif found["accepted"]:
        terminal.say(("taken ", "green"), f"{found['status']} {found['reason']}")
    if not found["accepted"]:
        raise Trouble(f"{destination} did not take the test message: {found['reason']}")


@group.command("rm")
def remove(
    context: typer.Context,
    destination: Id,
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Detach it from its subscriptions.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Remove a destination; refused while subscriptions point to it, unless forced."""
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        api.delete(f"/v1/destinations/{destination}", **({"force": "true"} if force else {}))
    if as_json:
        terminal.answer({"removed": destination})
    else:
        terminal.say(("removed ", "green"), destination)
