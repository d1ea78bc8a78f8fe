"""`tariffwire destinations …`: where alerts go."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from service.cli import keys, readers, warnings, wishes
from service.cli.client import open_api
from service.cli.exits import Trouble
from service.cli.terminal import Json, Terminal, count, tabulate

group = typer.Typer(no_args_is_help=True, help="Where alerts go.")
LIMIT = 1000

Id = Annotated[str, typer.Argument(help="Its id.")]
Pem = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, help="PEM.", show_default=False)
]

GRANT = "oauth2_client_credentials"
Login = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        help="JSON: token_url, client_id, client_secret, scope, audience.",
        show_default=False,
    ),
]


def join(app: typer.Typer) -> None:
    """Add the commands of this module."""
    keys.join(group)
    readers.join_destinations(group)
    wishes.join(group)
    warnings.join(group)
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
    consent: Annotated[
        str | None,
        typer.Option(help="When and how its reader agreed: nobody is asked.", show_default=False),
    ] = None,
    name: Annotated[str, typer.Option(help="For people.")] = "",
    secret: Annotated[
        str | None, typer.Option(help="whsec_…; made for you if left out.", show_default=False)
    ] = None,
    sign: Annotated[
        list[str] | None, typer.Option(help="v1a: sign by Ed25519 as well.", show_default=False)
    ] = None,
    header: Annotated[
        list[str] | None,
        typer.Option(help="'Name: value', sent with each webhook.", show_default=False),
    ] = None,
    authority: Pem = None,
    certificate: Pem = None,
    key: Pem = None,
    oauth: Login = None,
    as_json: Json = False,
) -> None:
    """Add a webhook, an address, or one who asks. A signing secret is shown once.

    --authority is trusted beside the system's own; --certificate and --key are shown to it.
    --oauth is a login that it is shown an OAuth 2.0 access token of.
    """
    terminal: Terminal = context.obj
    if (url is not None) + (email is not None) + pull != 1:
        raise typer.BadParameter("name either --url or --email, or say --pull")
    files = {"authority": authority, "certificate": certificate, "key": key}
    given: dict[str, Any] = {
        "url": url,
        "email": email,
        "pull": pull or None,
        "confirmed": True if consent else None,
        "consent": consent,
        "name": name,
        "secret": secret,
        "signing": ["v1", *sign] if sign else None,
        "headers": dict(map(_read_header, header or ())) or None,
        "tls": {place: path.read_text("utf-8") for place, path in files.items() if path} or None,
        "auth": _read_login(oauth),
    }
    with open_api(terminal) as api:
        found = api.post(
            "/v1/destinations", {field: one for field, one in given.items() if one is not None}
        )
    if as_json:
        terminal.answer(found)
        return
    terminal.say(("added ", "green"), found["id"])
    keys.say_once(terminal, found)
    readers.say_unconfirmed(terminal, found)


def _read_login(path: Path | None) -> Any:
    """Without a secret in the arguments, which all users of a machine can see."""
    if path is None:
        return None
    try:
        return {"type": GRANT, **json.loads(path.read_text("utf-8"))}
    except (ValueError, TypeError):
        message = f"write JSON into {path}: token_url, client_id, client_secret, scope, audience"
        raise typer.BadParameter(message, param_hint="--oauth") from None


def _read_header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        raise typer.BadParameter(f"write 'Name: value', not {text!r}", param_hint="--header")
    return name.strip(), value.strip()


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
