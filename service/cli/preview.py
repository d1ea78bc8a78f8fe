"""`tariffwire subscriptions preview`: a subscription tried on history before it is made."""

from typing import Annotated, Any

import typer

from service.cli.client import open_api
from service.cli.following import (
    Blanket,
    Catalogue,
    Country,
    Everything,
    Importer,
    Kinds,
    Measure,
    MinCertainty,
    MinDelta,
    Origin,
    Party,
    Possible,
    Product,
    Programme,
    read_goods,
    read_lane,
    stated,
)
from service.cli.terminal import Json, Terminal, tabulate


def join(group: typer.Typer) -> None:
    """Add the command of this module."""
    group.command("preview")(preview)


def preview(  # noqa: PLR0913 - one option a field
    context: typer.Context,
    *,
    country: Country = None,
    importer: Importer = None,
    origin: Origin = None,
    party: Party = None,
    product: Product = None,
    catalogue: Catalogue = None,
    programme: Programme = None,
    measure: Measure = None,
    everything: Everything = False,
    kind: Kinds = None,
    min_certainty: MinCertainty = None,
    min_delta: MinDelta = None,
    blanket: Blanket = True,
    possible: Possible = False,
    since: Annotated[
        str | None, typer.Option(help="From this day or instant on; a year ago if unsaid.")
    ] = None,
    as_json: Json = False,
) -> None:
    """How many alerts it would have been, and what a stricter one would do. Nothing is saved."""
    terminal: Terminal = context.obj
    lane = read_lane(
        everything=everything,
        country=country,
        importer=importer,
        origin=origin,
        party=party,
        product=read_goods(product, catalogue),
        programmes=programme,
        measures=measure,
    )
    form = stated(
        lanes=[lane],
        kinds=kind,
        min_certainty=min_certainty,
        min_delta_pp=min_delta,
        since=since,
    )
    with open_api(terminal) as api:
        minima = {"blanket": blanket, "possible": possible}
        found = api.post("/v1/subscriptions/preview", form | minima)
    if as_json:
        terminal.answer(found)
    else:
        _report(terminal, found)


def _report(terminal: Terminal, found: dict[str, Any]) -> None:
    since = found["since"][:10]
    looked_at = f"of {found['looked_at']:,} changes looked at"
    terminal.say((f"{found['alerts']:,} alerts", "bold"), f" since {since}, {looked_at}")
    if not found["complete"]:
        terminal.say(("cut: ", "yellow"), f"more changes than can be looked at came before {since}")
    if gap := _say_gap(found["history_begins"], since):
        terminal.say(("nothing before: ", "yellow"), gap)
    loud = [(one["alerts"], one["subject"], one["said"]) for one in found["loudest"]]
    tables: tuple[tuple[str, tuple[str, ...], list[Any]], ...] = (
        ("A month", ("month", "alerts#"), [(m["month"], m["alerts"]) for m in found["months"]]),
        ("The loudest", ("alerts#", "subject", "its last"), loud),
        ("If it were stricter", ("setting", "alerts#"), [_stricter(m) for m in found["stricter"]]),
    )
    for title, columns, rows in tables:
        if rows:
            terminal.out.print(tabulate(title, columns, rows))


def _say_gap(begins: str | None, since: str) -> str:
    """Why a span has no changes, or none before a day: few alerts would read as a quiet year."""
    why = "what came as history made none, and is not counted"
    if begins is None:
        return f"these books hold no change yet; {why}"
    if begins[:10] <= since:
        return ""
    return f"the first change of these books was judged on {begins[:10]}; {why}"


def _stricter(one: dict[str, Any]) -> tuple[str, int]:
    value = "off" if one["value"] is False else one["value"]
    return f"{one['setting']} {value}", one["alerts"]
