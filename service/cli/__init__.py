"""`tariffwire …`: rich for people, `--json` for programs, exit codes that mean something."""

from typing import Annotated

import typer

from service.cli import (
    adopt,
    aside,
    catalogues,
    changes,
    codes,
    deliveries,
    destinations,
    events,
    evidence,
    measures,
    move,
    mutes,
    products,
    rate,
    readers,
    schedule,
    sealing,
    sending,
    serving,
    status,
    subscriptions,
    tracks,
    verify,
    why,
)
from service.cli.exits import HELP, MendableGroup
from service.cli.terminal import Terminal

__all__ = ["app", "main"]

app = typer.Typer(
    name="tariffwire",
    cls=MendableGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Tariff events in, signed webhooks and emails out.",
    epilog=HELP,
)
for part in (
    serving,
    status,
    rate,
    events,
    schedule,
    measures,
    tracks,
    subscriptions,
    destinations,
    readers,
    sealing,
    products,
    catalogues,
    codes,
    changes,
    deliveries,
    mutes,
    why,
    evidence,
    sending,
    aside,
    verify,
    move,
    adopt,
):
    part.join(app)


@app.callback()
def _begin(
    context: typer.Context,
    url: Annotated[
        str,
        typer.Option(envvar="TARIFFWIRE_URL", help="The service to talk to.", show_default=False),
    ] = "",
    key: Annotated[
        str | None,
        typer.Option(envvar="TARIFFWIRE_API_KEY", help="Its API key.", show_envvar=True),
    ] = None,
) -> None:
    context.obj = Terminal(url, key)


def main() -> None:
    """The entry point."""
    app()
