"""Measures that stand in a schedule: one for each line and column, one for each preference."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from service.core.codes import format_product
from service.core.duty import Basis, Duty
from service.core.event import Origin, Product
from service.core.schedule.cell import is_read, read_cell
from service.core.schedule.lines import Line
from service.core.schedule.programmes import Programme, column_2, origin_of, programmes
from service.core.schedule.special import Group, split_special

MFN = "MFN"
PREFERENCE = "preference"
COLUMN_2 = "column_2"
PROGRAMMES = (MFN, PREFERENCE, COLUMN_2)
PREFIX = "us-hts-"
NOMENCLATURE = "HTS"


@dataclass(frozen=True, slots=True)
class ScheduleMeasure:
    """One rate of the schedule; two are equal when there is nothing to tell between them."""

    key: str
    programme: str
    origin: Origin
    product: Product
    duty: Duty
    expires: date | None = None

    @property
    def line(self) -> str:
        """The eight digits that it stands on."""
        return self.product.include[0]

    @property
    def heading(self) -> str:
        """The line as tariffs print it."""
        return format_product(self.line)


@dataclass(frozen=True, slots=True)
class Sheet:
    """The measures of one revision by key; how many cells were read; what was left out, and why."""

    measures: dict[str, ScheduleMeasure] = field(default_factory=dict)
    cells: Counter[str] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)

    def add(self, measure: ScheduleMeasure) -> None:
        """A key is one line, column and set of claimants: a schedule has it once."""
        self.measures[measure.key] = measure

    def count(self, column: str, duty: Duty) -> Duty:
        """Count a cell, hand its duty on."""
        self.cells[column] += 1
        self.unread[column] += not is_read(duty)
        return duty


class Claim(NamedTuple):
    """Programmes of one group that ask for the same and end on the same day."""

    condition: str
    until: date | None


def measures_of(lines: Iterable[Line], on: date) -> Sheet:
    """What the lines charge on that day, when the general notes of that day apply."""
    sheet = Sheet()
    rest = Origin.model_validate({"kind": "all", "except": column_2(on)})
    second = Origin(kind="country", members=column_2(on))
    for line in lines:
        if line.general:
            duty = sheet.count("general", read_cell(line.general))
            sheet.add(_measure(line, "mfn", MFN, rest, duty))
        if line.other:
            duty = sheet.count("other", read_cell(line.other, Basis.ADDITIONAL_IN_LIEU))
            sheet.add(_measure(line, "column-2", COLUMN_2, second, duty))
        for group in split_special(line.special):
            _add_preferences(sheet, line, group, on)
    return sheet


def _measure(line: Line, name: str, programme: str, origin: Origin, duty: Duty) -> ScheduleMeasure:
    product = Product(scope="codes", nomenclature=NOMENCLATURE, include=(line.digits,))
    return ScheduleMeasure(f"{PREFIX}{line.digits}-{name}", programme, origin, product, duty)


def _add_preferences(sheet: Sheet, line: Line, group: Group, on: date) -> None:
    duty = sheet.count("special", read_cell(group.rate, Basis.ADDITIONAL_IN_LIEU))
    if not group.symbols:
        sheet.left_out["special rates without a symbol"] += 1
    for claim, holders in _by_claim(sheet, group.symbols, on).items():
        codes = tuple({code for one in holders for code in one.origins})
        product = Product(
            scope="codes",
            nomenclature=NOMENCLATURE,
            include=(line.digits,),
            condition=claim.condition,
        )
        key = f"{PREFIX}{line.digits}-{'.'.join(sorted(one.symbol for one in holders))}"
        sheet.add(
            ScheduleMeasure(key, PREFERENCE, origin_of(codes, on), product, duty, claim.until)
        )


def _by_claim(sheet: Sheet, symbols: Iterable[str], on: date) -> Mapping[Claim, list[Programme]]:
    """Programmes that can be claimed, together where one measure can say it."""
    found: dict[Claim, list[Programme]] = {}
    for one in _claimable(sheet, symbols, on):
        found.setdefault(Claim(one.condition, one.until), []).append(one)
    return found


def _claimable(sheet: Sheet, symbols: Iterable[str], on: date) -> Iterator[Programme]:
    for symbol in dict.fromkeys(symbols):
        programme = programmes().get(symbol)
        if programme is None:
            sheet.left_out[f"symbol {symbol}, which no general note explains"] += 1
        elif not programme.holds(on):
            sheet.left_out[f"symbol {symbol}, which cannot be claimed on that day"] += 1
        else:
            yield programme
