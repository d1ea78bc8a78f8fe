"""What to follow, as options: the same for a subscription and for its preview."""

from typing import Annotated, Any

import typer

Many = list[str] | None
Text = str | None
Country = Annotated[Text, typer.Option(help="In any role: Vietnam, VN, UK …")]
Importer = Annotated[Text, typer.Option(help="Who levies.")]
Origin = Annotated[Text, typer.Option(help="Whose goods.")]
Party = Annotated[Text, typer.Option(help="A party to talks.")]
Product = Annotated[Many, typer.Option(help="A code: 8703, 9401.61 … (repeat)")]
Catalogue = Annotated[Text, typer.Option(help="A catalogue of yours, instead of codes.")]
Programme = Annotated[Many, typer.Option(help="S301 … (repeat)")]
Measure = Annotated[Many, typer.Option(help="A measure's key. (repeat)")]
Everything = Annotated[bool, typer.Option("--everything", help="Follow all there is.")]
Kinds = Annotated[Many, typer.Option(help="Only changes of this kind. (repeat)")]
MinCertainty = Annotated[Text, typer.Option(help="From rumour to instrument.")]
MinDelta = Annotated[Text, typer.Option(help="In percentage points.")]
Blanket = Annotated[bool, typer.Option(help="Measures on every origin count.")]
Possible = Annotated[bool, typer.Option("--possible", help="Goods only described, too.")]


def read_lane(*, everything: bool, **fields: Any) -> dict[str, Any]:
    """Of the fields those that were given; none is a slip more often than it is a wish."""
    lane = stated(**fields)
    if not lane and not everything:
        raise typer.BadParameter("say what to follow: --country, --product … or --everything")
    return lane


def read_goods(codes: Many, catalogue: Text) -> dict[str, Any] | None:
    """Codes, or a catalogue; None where neither was given."""
    return stated(codes=codes or None, catalogue=catalogue) or None


def stated(**fields: Any) -> dict[str, Any]:
    """Those that were given."""
    return {name: value for name, value in fields.items() if value is not None}
