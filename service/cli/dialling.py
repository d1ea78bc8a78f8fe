"""`tariffwire destinations change`: where a destination is, and how it is dialled."""

import json
from collections.abc import Collection, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from service.cli import keys, readers
from service.cli.client import open_api
from service.cli.terminal import Json, Terminal

GRANT = "oauth2_client_credentials"
V1 = "v1"  # always signed

Id = Annotated[str, typer.Argument(help="Its id.")]
Url = Annotated[str | None, typer.Option(help="A webhook.", show_default=False)]
Email = Annotated[str | None, typer.Option(help="An address.", show_default=False)]
Consent = Annotated[
    str | None,
    typer.Option(help="When and how its reader agreed: nobody is asked.", show_default=False),
]
Rate = Annotated[
    float | None, typer.Option(help="Alerts a second; 0: no limit.", show_default=False)
]
AtOnce = Annotated[
    int | None, typer.Option(help="Requests open at once; 0: no limit.", show_default=False)
]
Ordered = Annotated[
    bool | None,
    typer.Option(
        "--ordered/--no-ordered",
        help="Hold a subject's next alert until the last is settled.",
        show_default=False,
    ),
]
Header = Annotated[
    list[str] | None,
    typer.Option(help="'Name: value', sent with each webhook.", show_default=False),
]
Pem = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, help="PEM.", show_default=False)
]
Login = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        help="JSON: token_url, client_id, client_secret, scope, audience.",
        show_default=False,
    ),
]


class Part(StrEnum):
    """What can be taken away from a webhook."""

    HEADERS = "headers"
    TLS = "tls"
    OAUTH = "oauth"


_WITHOUT: dict[Part, dict[str, Any]] = {
    Part.HEADERS: {"headers": {}},
    Part.TLS: {"tls": {}},
    Part.OAUTH: {"auth": None},
}


def join(group: typer.Typer) -> None:
    """Add the command of this module."""
    group.command("change")(change)


def change(  # noqa: PLR0913 - one option a field
    context: typer.Context,
    destination: Id,
    *,
    url: Url = None,
    email: Email = None,
    consent: Consent = None,
    name: Annotated[str | None, typer.Option(help="For people.", show_default=False)] = None,
    sign: Annotated[
        list[str] | None,
        typer.Option(help="v1a: sign by Ed25519 as well; v1: no more.", show_default=False),
    ] = None,
    header: Header = None,
    authority: Pem = None,
    certificate: Pem = None,
    key: Pem = None,
    oauth: Login = None,
    without: Annotated[
        list[Part] | None, typer.Option(help="Take them away.", show_default=False)
    ] = None,
    rate: Rate = None,
    at_once: AtOnce = None,
    ordered: Ordered = None,
    as_json: Json = False,
) -> None:
    """Change where it is, and how it is dialled. What is left out stays as it is.

    --header takes the place of all former ones, as --authority, --certificate and --key do.
    """
    terminal: Terminal = context.obj
    wishes = {
        "url": url,
        "email": email,
        "confirmed": True if consent else None,
        "consent": consent,
        "name": name,
        "rate": rate,
        "at_once": at_once,
        "ordered": ordered,
    }
    dialling = read_dialling(sign, header, (authority, certificate, key), oauth)
    given = _without(named(wishes | dialling), without or ())
    if not given:
        raise typer.BadParameter("say what to change, such as --rate 5")
    with open_api(terminal) as api:
        found = api.patch(f"/v1/destinations/{destination}", given)
    if as_json:
        terminal.answer(found)
        return
    terminal.say(("changed ", "green"), f"{destination}: {', '.join(given)}")
    keys.say_public(terminal, found if sign else {})
    readers.say_unconfirmed(terminal, found)


def _without(given: dict[str, Any], parts: Collection[Part]) -> dict[str, Any]:
    for part in parts:
        if _WITHOUT[part].keys() & given.keys():
            raise typer.BadParameter("give it, or take it away", param_hint=f"--without {part}")
        given = given | _WITHOUT[part]
    return given


def named(given: dict[str, Any]) -> dict[str, Any]:
    """What is left out is as the service has it."""
    return {field: one for field, one in given.items() if one is not None}


def read_dialling(
    sign: Sequence[str] | None,
    header: Sequence[str] | None,
    files: tuple[Path | None, Path | None, Path | None],
    oauth: Path | None,
) -> dict[str, Any]:
    """Keys, headers, TLS (an authority, a certificate, its key) and login, as the API takes them.

    `v1a` is signed beside `v1`, and `v1` alone takes it away.
    """
    texts = zip(("authority", "certificate", "key"), files, strict=True)
    return {
        "signing": list(dict.fromkeys([V1, *sign])) if sign else None,
        "headers": dict(map(_read_header, header)) if header else None,
        "tls": {place: path.read_text("utf-8") for place, path in texts if path} or None,
        "auth": _read_login(oauth),
    }


def _read_header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        raise typer.BadParameter(f"write 'Name: value', not {text!r}", param_hint="--header")
    return name.strip(), value.strip()


def _read_login(path: Path | None) -> Any:
    """Without a secret in the arguments, which all users of a machine can see."""
    if path is None:
        return None
    try:
        return {"type": GRANT, **json.loads(path.read_text("utf-8"))}
    except (ValueError, TypeError):
        message = f"write JSON into {path}: token_url, client_id, client_secret, scope, audience"
        raise typer.BadParameter(message, param_hint="--oauth") from None
