"""`tariffwire destinations …`: where alerts go."""

from typing import Annotated, Any

import typer

from service.cli.client import open_api
from service.cli.exits import Trouble
from service.cli.terminal import Json, Terminal, tabulate

group = typer.Typer(no_args_is_help=True, help="Where alerts go.")
LIMIT = 1000

Id = Annotated[str, typer.Argument(help="Its id.")]


def join(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group, name="destinations")


@group.command("add")
def add(  # noqa: PLR0913 - one option a field
    context: typer.Context,
    *,
    url: Annotated[str | None, typer.Option(help="A webhook.")] = None,
    email: Annotated[str | None, typer.Option(help="An address.")] = None,
    pull: Annotated[
        bool, typer.Option("--pull", help="Nothing is sent: it asks for its alerts.")
    ] = False,
    name: Annotated[str, typer.Option(help="For people.")] = "",
    secret: Annotated[
        str | None, typer.Option(help="whsec_…; made for you if left out.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Add a webhook, an address, or one who asks. A signing secret is shown once."""
    terminal: Terminal = context.obj
    if (url is not None) + (email is not None) + pull != 1:
        raise typer.BadParameter("name either --url or --email, or say --pull")
    given = {"url": url, "email": email, "pull": pull or None, "name": name, "secret": secret}
    with open_api(terminal) as api:
        found = api.post(
            "/v1/destinations", {key: one for key, one in given.items() if one is not None}
        )
    if as_json:
        terminal.answer(found)
        return
    terminal.say(("added ", "green"), found["id"])
    if "secret" in found:
        terminal.say("its secret, shown this once: ", (found["secret"], "bold"))


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
        found = list(api.pages("/v1/destinations", limit))
    if as_json:
        terminal.answer(found)
        return
    rows = [(one["id"], one["name"], one["state"], _address(one), one["reason"]) for one in found]
    columns = ("id", "name", "state", "address", "why")
    terminal.out.print(tabulate(f"{len(rows)} destinations", columns, rows))


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
