"""Which column is which: people name them as their systems do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.core.catalogue.table import BadTable

OF_GOODS = {
    "code": (
        "code hscode hs hsnumber htscode hts htsus htsnumber tariffcode tariffnumber tariffno"
        " tariff commoditycode commodity customscode customsnumber customstariffnumber"
        " harmonizedcode harmonisedcode harmonizedsystemcode taric tariccode cncode ncm ncmcode"
        " schedulebcode zolltarifnummer warennummer codigoarancelario codedouanier hsコード"
    ),
    "sku": (
        "sku skucode skunumber article articlenumber articleno articlecode item itemnumber itemno"
        " itemcode itemid part partnumber partno partcode material materialnumber productid"
        " productcode productnumber model modelnumber artikel artikelnummer artnr reference ref id"
    ),
    "name": (
        "name description title product productname productdescription itemname"
        " itemdescription partname partdescription articlename skuname bezeichnung beschreibung"
        " descripcion designation 品名"
    ),
}
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Columns:
    """By field, the place of its column, from 0; and the columns that are no field of ours."""

    places: dict[str, int]
    ignored: tuple[str, ...]
    width: int

    def pick(self, field: str, cells: Sequence[str]) -> str:
        """What a row says there; nothing where it has no such column."""
        place = self.places.get(field)
        return cells[place] if place is not None and place < len(cells) else ""


def find_columns(header: Sequence[str], names: Mapping[str, str], needed: Sequence[str]) -> Columns:
    """`names` are spellings by field. Raises `BadTable` where one is missing, or stands twice."""
    meant = {spelling: field for field, said in names.items() for spelling in said.split()}
    places: dict[str, int] = {}
    ignored: list[str] = []
    for place, title in enumerate(header):
        field = meant.get("".join(sign for sign in title.casefold() if sign.isalnum()))
        if field is None:
            ignored.append(title)
        elif field in places:
            first = header[places[field]]
            raise BadTable(
                f"columns {first[:40]!r} and {title[:40]!r} both read as {field}: rename one"
            )
        else:
            places[field] = place
    if missing := [field for field in needed if field not in places]:
        found = ", ".join(repr(title[:40]) for title in header[:_SHOWN])
        raise BadTable(
            f"no column is named {missing[0]}: the first line must name the columns, as in"
            f" {','.join(names)}; it says {found}"
        )
    return Columns(places, tuple(title for title in ignored if title), len(header))
