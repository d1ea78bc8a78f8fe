"""`tariffwire destinations …`: where alerts go."""

from pathlib import Path
from typing import Annotated, Any

import typer

from service.cli import keys
from service.cli.client import open_api
from service.cli.exits import Trouble
from service.cli.terminal import Json, Terminal, tabulate

group = typer.Typer(no_args_is_help=True, help="Where alerts go.")
LIMIT = 1000

Id = Annotated[str, typer.Argument(help="Its id.")]
Pem = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, help="PEM.", show_default=False)
]

TokenUrl = Annotated[
    str | None, typer.Option(help="A server that gives tokens for it.", show_default=False)
]
SecretFile = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="Our secret there.", show_default=False),
]


def join(app: typer.Typer) -> None:
    """Add the commands of this module."""
    keys.join(group)
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
    token_url: TokenUrl = None,
    client_id: Annotated[str, typer.Option(help="Who we are to that server.")] = "",
    client_secret_file: SecretFile = None,
    scope: Annotated[str, typer.Option(help="What the token is for.")] = "",
    audience: Annotated[str, typer.Option(help="Whom the token is for.")] = "",
    as_json: Json = False,
) -> None:
    """Add a webhook, an address, or one who asks. A signing secret is shown once.

    --authority is trusted beside the system's own; --certificate and --key are shown to it.
    With --token-url, --client-id and --client-secret-file it is shown an OAuth 2.0 token.
    """
    terminal: Terminal = context.obj
    if (url is not None) + (email is not None) + pull != 1:
        raise typer.BadParameter("name either --url or --email, or say --pull")
    files = {"authority": authority, "certificate": certificate, "key": key}
    given: dict[str, Any] = {
        "url": url,
        "email": email,
        "pull": pull or None,
        "name": name,
        "secret": secret,
        "signing": ["v1", *sign] if sign else None,
        "headers": dict(map(_read_header, header or ())) or None,
        "tls": {place: path.read_text("utf-8") for place, path in files.items() if path} or None,
        "auth": _read_auth(token_url, client_id, client_secret_file, scope, audience),
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


def _read_auth(
    token_url: str | None, client_id: str, secret: Path | None, scope: str, audience: str
) -> dict[str, str] | None:
    """All of it or nothing."""
    if token_url is None and not client_id and secret is None:
        return None
    if token_url is None or not client_id or secret is None:
        raise typer.BadParameter("give --token-url, --client-id and --client-secret-file together")
    return {
        "type": "oauth2_client_credentials",
        "token_url": token_url,
        "client_id": client_id,
        "client_secret": secret.read_text("utf-8").strip(),
        "scope": scope,
        "audience": audience,
    }


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
