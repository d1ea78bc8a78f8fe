"""Which column is which: people name them as their systems do."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.core.catalogue.table import BadTable

OF_GOODS = {
    "code": (
        "code hscode hs hsnumber htscode hts htsus htsnumber tariffcode tariffnumber tariffno"
        " tariff commoditycode commodity customscode customsnumber customstariffnumber"
        " harmonizedcode harmonisedcode harmonizedsystemcode taric tariccode cncode ncm ncmcode"
        " schedulebcode zolltarifnummer zolltarifnr zolltarif tarifnummer tarifnr warennummer"
        " warennr warentarifnummer statistischewarennummer hsnummer hsnr codigoarancelario"
        " códigoarancelario partidaarancelaria codedouanier codesh"
        " hsコード hs番号 税番 税番号 関税番号 関税分類番号 税則番号 統計品目番号 税号 海关编码"
    ),
    "sku": (
        "sku skucode skunumber article articlenumber articleno articlenr articlecode item"
        " itemnumber itemno itemcode itemid part partnumber partno partcode material"
        " materialnumber materialno productid productcode productnumber productno model"
        " modelnumber modelno artikel artikelnummer artikelnr artnr artno materialnummer"
        " materialnr teilenummer teilenr produktnummer produktnr bestellnummer bestellnr sachnummer"
        " référence codearticle referencia reference ref id"
        " 品番 型番 部品番号 製品番号 商品番号 商品コード 製品コード 品目コード 货号 料号"
    ),
    "name": (
        "name description title product productname productdescription itemname"
        " itemdescription partname partdescription articlename articledescription skuname"
        " materialdescription bezeichnung artikelbezeichnung artikelname produktname"
        " warenbezeichnung benennung beschreibung descripcion descripción designation désignation"
        " 品名 商品名 製品名 品目名 名称 部品名 品名称"
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
        field = meant.get(_bare(title))
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


def _bare(title: str) -> str:
    """Letters and figures alone, of one width: of "Artikel-Nr." as of "artikelnr"."""
    whole = unicodedata.normalize("NFKC", title).casefold()
    return "".join(sign for sign in whole if sign.isalnum())
