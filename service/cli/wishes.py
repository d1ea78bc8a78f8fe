"""`tariffwire destinations set`: how a destination would like to be told."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from service.cli.client import open_api
from service.cli.terminal import Json, Terminal
from service.core.language import Language

OFF = "off"
NOTHING: dict[str, str] = {}
"""Takes the wish away."""


class Digest(StrEnum):
    """How often all alerts come as one."""

    DAY = "day"
    WEEK = "week"
    OFF = OFF


def join(group: typer.Typer) -> None:
    """Add the command of this module."""
    group.command("set")(change)


def change(  # noqa: PLR0913 - one option a wish
    context: typer.Context,
    destination: Annotated[str, typer.Argument(help="Its id.")],
    *,
    digest: Annotated[
        Digest | None, typer.Option(help="All alerts as one, save critical ones.")
    ] = None,
    at: Annotated[str | None, typer.Option(help="Local time of the digest, as 07:00.")] = None,
    on: Annotated[str | None, typer.Option(help="Its day of the week, as monday.")] = None,
    language: Annotated[
        Language | None, typer.Option(help="In which it is told: en, de or ja.")
    ] = None,
    timezone: Annotated[str | None, typer.Option(help="As Europe/Berlin.")] = None,
    quiet: Annotated[
        str | None, typer.Option(help="Local times, as 22:00-06:30; critical ones come. Or off.")
    ] = None,
    cap: Annotated[int | None, typer.Option(help="Alerts an hour; the rest as one.")] = None,
    group: Annotated[
        bool | None, typer.Option("--group/--no-group", help="The changes of one law as one.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Language, digests, quiet hours, a cap, grouping. What is left out stays as it is."""
    terminal: Terminal = context.obj
    wishes: dict[str, Any] = {
        "language": language,
        "timezone": timezone,
        "digest": _read_digest(digest, at, on),
        "quiet_hours": _read_quiet(quiet),
        "hourly_cap": cap,
        "group": group,
    }
    named = {name: one for name, one in wishes.items() if one is not None}
    given = {name: None if one == NOTHING else one for name, one in named.items()}
    if not given:
        raise typer.BadParameter("say what to change, such as --digest day --at 07:00")
    with open_api(terminal) as api:
        found = api.patch(f"/v1/destinations/{destination}", {"preferences": given})
    if as_json:
        terminal.answer(found)
    else:
        said = ", ".join(f"{name}: {found['preferences'][name]}" for name in given)
        terminal.say(("set ", "green"), f"{destination}: {said}")


def _read_digest(every: Digest | None, at: str | None, on: str | None) -> dict[str, str] | None:
    if every is Digest.OFF:
        return NOTHING
    if every is None:
        if at or on:
            raise typer.BadParameter("--at and --on go with --digest day or week")
        return None
    named = {"every": every.value, "at": at, "on": on}
    return {name: one for name, one in named.items() if one}


def _read_quiet(text: str | None) -> dict[str, str] | None:
    if text is None:
        return None
    if text == OFF:
        return NOTHING
    begin, dash, end = text.partition("-")
    if not dash:
        raise typer.BadParameter("write two times, as 22:00-06:30", param_hint="--quiet")
    return {"from": begin.strip(), "to": end.strip()}
