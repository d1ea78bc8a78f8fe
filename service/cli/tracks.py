"""`tariffwire tracks …`: negotiations as they stand, or told from their beginning."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from service.cli.client import open_api
from service.cli.measures import At, Known, Recorded, show_standing
from service.cli.terminal import Json, Terminal, tabulate

group = typer.Typer(no_args_is_help=True, help="Negotiations.")
LIMIT = 500
DAY_LENGTH = len("2025-04-09")


def join(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group, name="tracks")


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
    show_standing(
        context, f"/v1/tracks/{quote(key, safe='')}", (at, known, recorded), as_json=as_json
    )


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
        found = list(api.pages(f"/v1/tracks/{quote(track)}/timeline", limit, known_at=known))
    if as_json:
        terminal.answer(found)
        return
    rows = [
        (_say_day(one), one["moved"], one["said"], one["certainty"], _say_who(one), _say_later(one))
        for one in found
    ]
    columns = ("when", "moved", "step", "certainty", "said by", "later")
    terminal.out.print(tabulate(f"{track}: {len(rows)} steps", columns, rows))


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
