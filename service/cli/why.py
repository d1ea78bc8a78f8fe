"""`tariffwire why`: why a destination was told of something, or why not."""

from typing import Annotated, Any

import typer

from service.cli.client import open_api
from service.cli.terminal import Json, Terminal, plain, tabulate

_COLOURS = {"told": "green", "not_yet": "yellow", "not_told": "red"}


def join(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("why")(why)


def why(
    context: typer.Context,
    *,
    to: Annotated[str, typer.Option(help="A destination: its id, URL or mail address.")],
    about: Annotated[
        str, typer.Option(help='An event ("source id", or its id), or a change (id or number).')
    ],
    as_json: Json = False,
) -> None:
    """Why a destination was told of something, or why not, and what would have let it through."""
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        found = api.get("/v1/why", to=to, about=about)
    if as_json:
        terminal.answer(found)
    else:
        _report(terminal, found)


def _report(terminal: Terminal, found: dict[str, Any]) -> None:
    verdict, _, rest = found["said"].partition(" ")
    if found["verdict"] != "told":
        head, _, rest = found["said"].partition(". ")
        verdict = f"{head}."
    terminal.say((verdict, f"bold {_COLOURS.get(found['verdict'], '')}"), f" {plain(rest)}")
    rows = [
        (one["stage"], one["state"].replace("_", " "), one["setting"], one["said"])
        for one in found["stages"]
    ]
    terminal.out.print(tabulate("", ("stage", "", "setting", ""), rows))
    for one in found["subscriptions"]:
        for near in one.get("nearest", ()):
            terminal.say(f"{one['name'] or one['id']}: ", (plain(near["said"]), "bold"))
