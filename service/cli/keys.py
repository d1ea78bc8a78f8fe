"""`tariffwire destinations keys|rotate|revoke`: by what a receiver knows that alerts are ours."""

from typing import Annotated, Any

import typer

from service.cli.client import open_api
from service.cli.terminal import Json, Terminal, tabulate

DAY = 86_400
Id = Annotated[str, typer.Argument(help="Its id.")]


def join(group: typer.Typer) -> None:
    """Add the commands of this module."""
    group.command("keys")(show)
    group.command("rotate")(rotate)
    group.command("revoke")(revoke)


def show(context: typer.Context, destination: Id, *, as_json: Json = False) -> None:
    """List the keys that sign, newest first, and until when."""
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        found = api.get(f"/v1/destinations/{destination}").get("secrets", [])
    if as_json:
        terminal.answer(found)
        return
    rows = [
        (one["id"], one["kind"], one.get("public_key") or one["ends_in"], one["expires_at"])
        for one in found
    ]
    terminal.out.print(tabulate("", ("id", "kind", "ends in, or public key", "expires"), rows))


def rotate(  # noqa: PLR0913 - one option a field
    context: typer.Context,
    destination: Id,
    *,
    secret: Annotated[
        str | None, typer.Option(help="whsec_… or whsk_…; made if left out.", show_default=False)
    ] = None,
    kind: Annotated[
        str | None, typer.Option(help="v1 or v1a; v1 if nothing says otherwise.")
    ] = None,
    grace: Annotated[
        int, typer.Option(min=0, help="Seconds for which the former key signs, too.")
    ] = DAY,
    as_json: Json = False,
) -> None:
    """Give it a new key. The former one signs beside it for a day, or for as long as you say."""
    terminal: Terminal = context.obj
    given: dict[str, Any] = {"secret": secret, "kind": kind, "grace_seconds": grace}
    with open_api(terminal) as api:
        found = api.post(
            f"/v1/destinations/{destination}/rotate-secret",
            {name: one for name, one in given.items() if one is not None},
        )
    if as_json:
        terminal.answer(found)
    else:
        say_once(terminal, found)


def revoke(
    context: typer.Context,
    destination: Id,
    key: Annotated[str, typer.Argument(help="The key's id, as `destinations keys` lists it.")],
    *,
    as_json: Json = False,
) -> None:
    """Have a former key sign no more, at once."""
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        api.delete(f"/v1/destinations/{destination}/secrets/{key}")
    if as_json:
        terminal.answer({"revoked": key})
    else:
        terminal.say(("revoked ", "green"), key)


def say_once(terminal: Terminal, found: dict[str, Any]) -> None:
    """What its receiver needs for verifying; a secret is shown this once."""
    if "secret" in found:
        terminal.say("its secret, shown this once: ", (found["secret"], "bold"))
    if "public_key" in found:
        terminal.say("its public key: ", (found["public_key"], "bold"))


def say_public(terminal: Terminal, found: dict[str, Any]) -> None:
    """The public keys of one that is signed by Ed25519, which may be made just now."""
    for one in found.get("secrets", ()):
        if "public_key" in one:
            terminal.say("its public key: ", (one["public_key"], "bold"))
