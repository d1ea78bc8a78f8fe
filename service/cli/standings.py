"""What stands: one measure or negotiation, or many of them, by any of the three clocks."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from service.cli.client import open_api
from service.cli.terminal import Terminal, count, tabulate

At = Annotated[
    str | None, typer.Option("--at", help="The instant (or day) of the law; now if left out.")
]
Known = Annotated[
    str | None, typer.Option("--known", help="By what was publicly known then, as we know today.")
]
Recorded = Annotated[
    str | None, typer.Option("--recorded", help="By what our own books held then.")
]
Most = Annotated[int, typer.Option("--limit", min=1, help="At most so many.")]
MANY = 200


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of standings: where it is asked, what it is called, and what a row shows of one."""

    path: str
    many: str
    columns: tuple[str, ...]
    row: Callable[[dict[str, Any]], tuple[str, ...]]

    def show(
        self, context: typer.Context, asked: Mapping[str, Any], limit: int, *, as_json: bool
    ) -> None:
        """As a table, or as JSON."""
        terminal: Terminal = context.obj
        with open_api(terminal) as api:
            found, is_cut = api.some(self.path, limit, **asked)
        if as_json:
            terminal.answer(found)
            return
        title = count(len(found), self.many, is_cut=is_cut)
        terminal.out.print(tabulate(title, self.columns, map(self.row, found)))


def by_clocks(at: str | None, known: str | None, recorded: str | None) -> dict[str, str | None]:
    """The instants that are asked for, as the service names them."""
    return {"at": at, "known_at": known, "recorded_at": recorded}


def show_standing(
    context: typer.Context, path: str, clocks: Mapping[str, str | None], *, as_json: bool
) -> None:
    """Of a measure or a negotiation: what stands, and the events that made it so."""
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        found = api.get(path, **clocks)
    if as_json:
        terminal.answer(found)
        return
    nothing = _say_nothing(found, is_of_books=clocks["recorded_at"] is not None)
    terminal.out.print(tabulate(found["subject"], ("", ""), _facts(found, nothing)))
    rows = [(one["known_at"], one["recorded_at"], _said(one)) for one in found["history"]]
    if rows:
        terminal.out.print(tabulate("", ("known", "recorded", "event"), rows))


def _say_nothing(found: dict[str, Any], *, is_of_books: bool) -> str:
    """Where nothing stood: whether it was not public then, or only not in these books."""
    if is_of_books and not found["history"]:
        return "these books held nothing of it then"
    return "nothing was known of it then"


def _facts(found: dict[str, Any], nothing: str) -> Iterator[tuple[str, str]]:
    """What a person asks first; the rest is in the JSON."""
    for label, name in (("at", "at"), ("known", "known_at"), ("recorded", "recorded_at")):
        yield label, found[name]
    view = found["standing"]
    if view is None:
        yield "standing", nothing
        return
    yield "status", status_of(view)
    for name in ("duty", "applied"):
        if view.get(name):
            yield name, view[name]["said"]
    for name in ("effective_at", "until", "expires_at", "occurs_at"):
        if view.get(name):
            yield name.removesuffix("_at"), view[name]["at"]
    yield "certainty", view["certainty"]
    for claim in view.get("claims", ()):
        yield claim["action"], _became(claim)


def status_of(view: dict[str, Any]) -> str:
    """A measure's own; of a negotiation the state beside its stage, while there is one."""
    return str(view.get("status") or view["state"] or view["stage"] or "denied")


def _became(claim: dict[str, Any]) -> str:
    """What is claimed beside the law, and what has become of it."""
    rate = claim["duty"]["said"] if claim["duty"] else ""
    verdict = f", {claim['verdict']}" if claim["verdict"] else ""
    since = f" {claim['ended_at']['at']}" if claim["ended_at"] else ""
    by = f" by {claim['ended_by']['id']}" if claim["ended_by"] else ""
    return f"{rate} ({claim['cause']['id']}): {claim['state']}{since}{by}{verdict}".strip()


def _said(one: dict[str, Any]) -> str:
    names = ("action", "stage", "verdict", "turn", "type")
    did = next(one[name] for name in names if one.get(name))
    rate = one["duty"]["said"] if one.get("duty") else ""
    return f"{did} {rate}".strip() + f" ({one['id']})"
