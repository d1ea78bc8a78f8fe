"""`tariffwire subscriptions …`: who follows what."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from service.cli import preview, readers
from service.cli.client import open_api
from service.cli.following import (
    Blanket,
    Catalogue,
    Country,
    Everything,
    Importer,
    Kinds,
    Many,
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
from service.cli.terminal import Json, Terminal, count, tabulate

group = typer.Typer(no_args_is_help=True, help="Who follows what.")
LIMIT = 1000
SHOWN_PRESENT = 10


def join(app: typer.Typer) -> None:
    """Add the commands of this module."""
    preview.join(group)
    app.add_typer(group, name="subscriptions")


Steps = Annotated[
    str | None, typer.Option(help="latest: leave out what was overtaken before it was sent.")
]
LeadTimes = Annotated[
    list[int] | None, typer.Option(help="Days before a date comes: tell it then. (repeat)")
]


@group.command("add")
def add(  # noqa: PLR0913 - one option a field
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
    url: Annotated[str | None, typer.Option(help="Tell this webhook.")] = None,
    email: Annotated[str | None, typer.Option(help="Tell this address.")] = None,
    destination: Annotated[Many, typer.Option(help="Tell it, by id. (repeat)")] = None,
    kind: Kinds = None,
    min_certainty: MinCertainty = None,
    min_delta: MinDelta = None,
    blanket: Blanket = True,
    possible: Possible = False,
    lead_time: LeadTimes = None,
    steps: Steps = None,
    name: Annotated[str, typer.Option(help="For people.")] = "",
    external_id: Annotated[str | None, typer.Option(help="Your own id.")] = None,
    label: Annotated[Many, typer.Option(help="name=text (repeat)")] = None,
    as_json: Json = False,
) -> None:
    """Follow a country, a product, …: all that is named must hold, and one of several products."""
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
    _demand_somebody(url, email, destination)
    form = stated(
        lanes=[lane],
        url=url,
        email=email,
        destinations=destination,
        kinds=kind,
        min_certainty=min_certainty,
        min_delta_pp=min_delta,
        lead_times=lead_time,
        steps=steps,
        external_id=external_id,
        labels=_labels(label or ()),
    )
    with open_api(terminal) as api:
        found = api.post(
            "/v1/subscriptions", form | {"name": name, "blanket": blanket, "possible": possible}
        )
    if as_json:
        terminal.answer(found)
    else:
        _report(terminal, found)


def _demand_somebody(*named: object) -> None:
    if not any(named):
        raise typer.BadParameter("say whom to tell: --url, --email or --destination")


def _labels(given: Sequence[str]) -> dict[str, str]:
    pairs = [one.partition("=") for one in given]
    if not all(name and sign and text for name, sign, text in pairs):
        raise typer.BadParameter("write a label as name=text", param_hint="--label")
    return {name: text for name, _, text in pairs}


def _report(terminal: Terminal, found: dict[str, Any]) -> None:
    terminal.say(("added ", "green"), found["id"])
    for one in found.get("created_destinations", ()):
        address = one.get("url") or one.get("email")
        terminal.say(("destination ", "green"), f"{one['id']} {address}")
        if "secret" in one:
            terminal.say("  its secret, shown this once: ", (one["secret"], "bold"))
        readers.say_unconfirmed(terminal, one)
    present = found["in_force_now"]
    rows = [
        (one["subject"].removeprefix("measure:"), one["status"], _rate(one), one["why"])
        for one in present["items"][:SHOWN_PRESENT]
    ]
    if rows:
        number = present["count"]
        title = f"{count(number, 'measures')} stand{'s' * (number == 1)} in these lanes now"
        terminal.out.print(tabulate(title, ("measure", "status", "duty", "because"), rows))
    if len(rows) < present["count"]:
        more = f"the first {len(rows)} of {present['count']:,} are shown"
        terminal.say((more, "dim"), ": `tariffwire measures list`, or --json, has the others")


def _rate(one: dict[str, Any]) -> str:
    duty = one["duty"]
    return str(duty["said"]) if duty else "not stated"


@group.command("list")
def show(
    context: typer.Context,
    *,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = LIMIT,
    as_json: Json = False,
) -> None:
    """List subscriptions in the order of their making."""
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        found, is_cut = api.some("/v1/subscriptions", limit)
    if as_json:
        terminal.answer(found)
        return
    rows = [
        (one["id"], one["name"], one["state"], _say_lanes(one), ", ".join(one["destinations"]))
        for one in found
    ]
    columns = ("id", "name", "state", "follows", "tells")
    terminal.out.print(tabulate(count(len(rows), "subscriptions", is_cut=is_cut), columns, rows))


def _say_lanes(one: dict[str, Any]) -> str:
    said = [_say_lane(lane) for lane in one["lanes"]]
    if one["min_certainty"]:
        said[-1] += f" ({one['min_certainty']} or surer)"
    return " or ".join(said)


def _say_lane(lane: dict[str, Any]) -> str:
    """As "importer US, origin VN, product 940161"."""
    said = []
    for name, value in lane.items():
        listed = _say_goods(value) if isinstance(value, dict) else value
        text = listed if isinstance(listed, str) else " ".join(map(str, listed))
        said.append(f"{name} {text}")
    return ", ".join(said) or "everything"


def _say_goods(product: dict[str, Any]) -> Sequence[str]:
    return product.get("codes") or [f"of catalogue {product['catalogue']}"]


@group.command("rm")
def remove(
    context: typer.Context,
    subscription: Annotated[list[str], typer.Argument(help="Ids.")],
    *,
    as_json: Json = False,
) -> None:
    """Unsubscribe. What is on its way arrives."""
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        for one in subscription:
            api.delete(f"/v1/subscriptions/{one}")
    if as_json:
        terminal.answer({"removed": subscription})
    else:
        terminal.say(("removed ", "green"), ", ".join(subscription))
