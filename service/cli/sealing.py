"""`tariffwire secrets …`: how what is secret lies in the database."""

from typing import Any
from urllib.parse import quote

import typer

from service.cli.client import open_api
from service.cli.terminal import Json, Terminal, tabulate

group = typer.Typer(no_args_is_help=True, help="How secrets lie in the database.")


def join(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group, name="secrets")


@group.command("status")
def status(context: typer.Context, *, as_json: Json = False) -> None:
    """Show under which keys secrets are sealed, and how many wait for the newest."""
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        found = api.get("/v1/secrets")
    if as_json:
        terminal.answer(found)
        return
    rows = [(name, f"{count:,}") for name, count in found["keys"].items()]
    terminal.out.print(tabulate("", ("key", "destinations#"), rows))
    if found["warning"]:
        terminal.say(("not sealed", "yellow"), f": {found['warning']}")
    elif found["stale"]:
        terminal.say(f"{found['stale']:,} wait for `tariffwire secrets rotate`")


@group.command("rotate")
def rotate(context: typer.Context, *, as_json: Json = False) -> None:
    """Seal everything anew under the newest TARIFFWIRE_SECRETS_KEY, while the service runs.

    First give every process both keys, with the new one behind the old; then with the new one
    before it; then run this; then take the old one away. Broken off, it is simply run again.
    """
    terminal: Terminal = context.obj
    done: dict[str, Any] = {"after": "", "key": None}
    count = 0
    with open_api(terminal) as api:
        while done["after"] is not None:
            done = api.post(f"/v1/secrets/rotate?after={quote(done['after'])}")
            count += done["sealed"]
    if as_json:
        terminal.answer({"sealed": count, "key": done["key"]})
    else:
        terminal.say(("sealed ", "green"), f"{count:,} destinations under {done['key']}")
