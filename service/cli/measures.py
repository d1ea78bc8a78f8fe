"""`tariffwire measures …`: what stands, by any of the three clocks."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from service.cli.following import Importer, Origin
from service.cli.standings import (
    MANY,
    At,
    Known,
    Listing,
    Most,
    Recorded,
    by_clocks,
    show_standing,
)
from service.cli.terminal import Json

PATH = "/v1/measures"
group = typer.Typer(no_args_is_help=True, help="Measures: what stands, stood, was known.")


def join(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group, name="measures")


@group.command("list")
def list_measures(  # noqa: PLR0913 - one option a filter and a clock
    context: typer.Context,
    *,
    importer: Importer = None,
    origin: Origin = None,
    programme: Annotated[str | None, typer.Option(help="S301 …")] = None,
    status: Annotated[str | None, typer.Option(help="in_force, suspended, scheduled …")] = None,
    at: At = None,
    known: Known = None,
    recorded: Recorded = None,
    limit: Most = MANY,
    as_json: Json = False,
) -> None:
    """List measures by their keys, as they stand or stood."""
    asked = {"importer": importer, "origin": origin, "programme": programme, "status": status}
    _LIST.show(context, asked | by_clocks(at, known, recorded), limit, as_json=as_json)


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    rate = str(one["duty"]["said"]) if one["duty"] else ""
    since = str(one["effective_at"]["at"]) if one["effective_at"] else ""
    return one["key"], one["status"], rate, one["programme"], since


_COLUMNS = ("measure", "status", "duty", "programme", "effective")
_LIST = Listing(PATH, "measures", _COLUMNS, _row)


@group.command("show")
def show_measure(  # noqa: PLR0913 - one option a clock
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="Its key, such as us-reciprocal-cn, or an alias.")],
    *,
    at: At = None,
    known: Known = None,
    recorded: Recorded = None,
    as_json: Json = False,
) -> None:
    """Show a measure as it stands, or stood, and the events that made it so."""
    path = f"{PATH}/{quote(key, safe='')}"
    show_standing(context, path, by_clocks(at, known, recorded), as_json=as_json)
