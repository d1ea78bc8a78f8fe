"""A question about a rate as it stands in a query string, every part understood or refused."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Annotated

from fastapi import Query

from service.api.questions import read_instant, refuse_parameter
from service.core.codes import (
    UnknownCountry,
    UnknownNomenclature,
    UnknownProduct,
    find_country,
    find_product,
    levier_of,
)
from service.core.codes.products import ProductCode
from service.core.rates import Facts, Question, read_fact
from service.core.rates.facts import Value

MOST_FACTS = 50
CN_DIGITS = 8
_Told = Annotated[str | None, Query()]


@dataclass(frozen=True, slots=True)
class Goods:
    """Whose goods and which, entering where and when, by what was known when."""

    importer: Annotated[str, Query(description="Who levies: a code or a name.")]
    origin: Annotated[str, Query(description="Whose goods: a code or a name.")]
    product: Annotated[str, Query(description="A code, such as 8703.23 or 8703.23.01.")]
    nomenclature: Annotated[
        str | None, Query(description="Whose list 8 or 10 digits are of; the importer's, if none.")
    ] = None
    on: Annotated[
        str | None, Query(description="When they enter: an instant, or a day (its end); now.")
    ] = None
    known: Annotated[
        str | None, Query(description="By what was public then; by all that is known, if none.")
    ] = None

    def read(self, now: datetime) -> Question:
        """What is meant; a `Malformed` says which parameter to mend, and how.

        Of a member of a customs union the union is asked, for it levies.
        """
        named = _read_country("importer", self.importer)
        origin = _read_country("origin", self.origin)
        at = read_instant("on", self.on, now, named)
        importer = levier_of(named, at.date())
        code = self._read_code(importer)
        known_at = read_instant("known", self.known, now, importer)
        nomenclature = code.nomenclature or _list_of(importer, code.digits)
        return Question(importer, origin, code.digits, nomenclature, at, known_at)

    def member(self, question: Question) -> str | None:
        """The country that was named, where a union levies for it."""
        named = _read_country("importer", self.importer)
        return None if named == question.importer else named

    def _read_code(self, importer: str) -> ProductCode:
        digits = "".join(sign for sign in self.product if sign.isdigit())
        try:
            return find_product(self.product, self.nomenclature or _list_of(importer, digits))
        except UnknownNomenclature as error:
            refuse_parameter("nomenclature", str(error))
        except UnknownProduct as error:
            refuse_parameter("product", str(error))


@dataclass(frozen=True, slots=True)
class Told:
    """Facts about the goods: those that are asked for often by name, any other as `fact`."""

    usmca_qualifying: _Told = None
    column1_pct: Annotated[
        str | None, Query(description="The ordinary duty, in percent of the value.")
    ] = None
    loaded_at: Annotated[
        str | None, Query(description="When they were loaded on the final mode of transit.")
    ] = None
    entered_at: Annotated[
        str | None, Query(description="When they are entered, if that is not `on`.")
    ] = None
    metal_value_pct: Annotated[
        str | None, Query(description="The metal's share of the value, in percent.")
    ] = None
    exporter: _Told = None
    in_quota: _Told = None
    transshipped: _Told = None
    shipment_value_usd: _Told = None
    annex_ii: _Told = None
    fact: Annotated[
        list[str] | None,
        Query(description="Any other, as name=value: in_scope:us-s232-metals=false."),
    ] = None

    def read(self, importer: str) -> Facts:
        """By name, each as the kind of value that it is."""
        told: dict[str, Value] = {}
        for where, name, text in self._pairs():
            if name in told:
                refuse_parameter(where, f"{name} is told twice; say it once")
            try:
                told[name] = read_fact(name, text, importer)
            except ValueError as error:
                refuse_parameter(where, str(error))
        return Facts(told)

    def _pairs(self) -> Iterator[tuple[str, str, str]]:
        if len(self.fact or ()) > MOST_FACTS:
            refuse_parameter("fact", f"at most {MOST_FACTS} facts")
        for one in fields(self):
            text = getattr(self, one.name)
            if isinstance(text, str):
                yield one.name, one.name, text
        for pair in self.fact or ():
            name, is_pair, text = pair.partition("=")
            if not is_pair:
                refuse_parameter("fact", f"{pair[:60]!r}: write name=value")
            yield "fact", name.strip(), text.strip()


def _read_country(name: str, given: str) -> str:
    try:
        return find_country(given)
    except UnknownCountry as error:
        refuse_parameter(name, str(error))


def _list_of(importer: str, digits: str) -> str:
    """The importer's own list of goods."""
    if importer == "EU":
        return "CN" if len(digits) <= CN_DIGITS else "TARIC"
    return "HTS" if importer == "US" else f"{importer}-TARIFF"
