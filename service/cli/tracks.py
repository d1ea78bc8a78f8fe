"""`tariffwire tracks …`: negotiations as they stand, or told from their beginning."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from service.cli.client import open_api
from service.cli.standings import (
    MANY,
    At,
    Known,
    Listing,
    Most,
    Recorded,
    by_clocks,
    show_standing,
    status_of,
)
from service.cli.terminal import Json, Terminal, count, tabulate

PATH = "/v1/tracks"
group = typer.Typer(no_args_is_help=True, help="Negotiations.")
LIMIT = 500
DAY_LENGTH = len("2025-04-09")


def join(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group, name="tracks")


@group.command("list")
def list_tracks(  # noqa: PLR0913 - one option a filter and a clock
    context: typer.Context,
    *,
    party: Annotated[str | None, typer.Option(help="A named party: a code or a name.")] = None,
    status: Annotated[str | None, typer.Option(help="negotiation, signed, stalled …")] = None,
    at: At = None,
    known: Known = None,
    recorded: Recorded = None,
    limit: Most = MANY,
    as_json: Json = False,
) -> None:
    """List negotiations by their parties, as far as they have come, or had come."""
    asked = {"party": party, "status": status} | by_clocks(at, known, recorded)
    _LIST.show(context, asked, limit, as_json=as_json)


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    when = str(one["occurs_at"]["at"]) if one["occurs_at"] else ""
    return one["key"], status_of(one), one["stage"] or "", one["certainty"], when


_COLUMNS = ("parties", "status", "stage", "certainty", "when")
_LIST = Listing(PATH, "negotiations", _COLUMNS, _row)


@group.command("show")
def show_track(  # noqa: PLR0913 - one option a clock
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="CN-US: codes sorted, * for an unnamed group.")],
    *,
    at: At = None,
    known: Known = None,
    recorded: Recorded = None,
    as_json: Json = False,
) -> None:
    """Show how far a negotiation has come, or had come, and its steps."""
    path = f"{PATH}/{quote(key, safe='')}"
    show_standing(context, path, by_clocks(at, known, recorded), as_json=as_json)


@group.command("timeline")
def timeline(
    context: typer.Context,
    track: Annotated[str, typer.Argument(help="Its codes, sorted, such as CN-US or 'US-*'.")],
    *,
    known: Annotated[
        str | None, typer.Option(help="As known then: an instant with its offset, or a day.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many steps.")] = LIMIT,
    as_json: Json = False,
) -> None:
    """Each step of a negotiation: when, what it moved, how surely and by whom it was said."""
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        found = list(api.pages(f"{PATH}/{quote(track)}/timeline", limit, known_at=known))
    if as_json:
        terminal.answer(found)
        return
    rows = [
        (_say_day(one), one["moved"], one["said"], one["certainty"], _say_who(one), _say_later(one))
        for one in found
    ]
    columns = ("when", "moved", "step", "certainty", "said by", "later")
    terminal.out.print(tabulate(f"{track}: {count(len(rows), 'steps')}", columns, rows))


def _say_day(one: dict[str, Any]) -> str:
    """When it was; else, marked so, when it was known."""
    moment = one["occurs_at"]
    day = (moment["at"] if moment else one["known_at"])[:DAY_LENGTH]
    return str(day) if moment else f"known {day}"


def _say_who(one: dict[str, Any]) -> str:
    who = one["attribution"] or {}
    named = [who.get("speaker"), who.get("office"), who.get("medium")]
    return ", ".join(filter(None, named))


def _say_later(one: dict[str, Any]) -> str:
    """What was said of it since."""
    return ", ".join(
        f"{said['verdict']} {said['known_at'][:DAY_LENGTH]}" for said in one["verdicts"]
    )
