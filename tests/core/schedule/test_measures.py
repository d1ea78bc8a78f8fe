"""One measure for each line and column, one for each preference."""

import json
from datetime import date
from importlib.resources import files

import pytest

from service.core import schedule
from service.core.duty import Basis
from service.core.event import read_event
from service.core.schedule import (
    PROGRAMMES,
    Revision,
    find_lines,
    measures_of,
    read_rows,
    steps_between,
)
from tests.core.schedule.export import ROWS, bytes_of, row

ON = date(2025, 4, 9)


def sheet_of(*rows, on=ON):
    return measures_of(find_lines(read_rows(bytes_of(rows))).by_digits.values(), on)


SHEET = sheet_of(*ROWS)


def test_column_1_is_for_all_but_those_who_pay_column_2():
    mfn = SHEET.measures["us-hts-01013000-mfn"]
    assert (mfn.programme, str(mfn.duty.percent), mfn.heading) == ("MFN", "6.8", "0101.30.00")
    assert (mfn.origin.kind, mfn.origin.excluded) == ("all", ("BY", "CU", "KP", "RU"))
    assert mfn.product.include == ("01013000",)
    assert mfn.duty.basis is Basis.ADDITIONAL
    second = SHEET.measures["us-hts-01013000-column-2"]
    assert (second.programme, str(second.duty.percent)) == ("column_2", "15")
    assert second.origin.members == ("BY", "CU", "KP", "RU")
    assert second.duty.basis is Basis.ADDITIONAL_IN_LIEU


def test_a_preference_names_what_the_goods_must_show():
    usmca = SHEET.measures["us-hts-87032301-S"]
    assert usmca.origin.members == ("CA", "MX")
    assert usmca.product.condition == "usmca_qualifying"
    assert usmca.duty.percent == 0
    others = SHEET.measures["us-hts-87032301-AU.BH.CL.CO.E.IL.JO.KR.MA.OM.P.PA.PE.SG"]
    assert {"AU", "KR", "CR", "JM"} < set(others.origin.members)
    assert others.product.condition == "preference_qualifying"
    assert others.expires is None
    assert SHEET.measures["us-hts-87032301-B"].origin.members == ("CA",)


def test_a_programme_that_ends_is_a_measure_that_ends():
    agoa = SHEET.measures["us-hts-01013000-D"]
    assert agoa.expires == date(2025, 10, 1)
    assert "ZA" in agoa.origin.members
    assert "us-hts-01013000-D" not in sheet_of(*ROWS, on=date(2025, 10, 1)).measures


def test_a_programme_for_everybody_is_for_all_who_pay_column_1():
    aircraft = SHEET.measures["us-hts-88030000-C"]
    assert (aircraft.origin.kind, aircraft.product.condition) == ("all", "civil_aircraft")
    assert SHEET.measures["us-hts-88030000-K"].product.condition == "pharmaceutical_appendix"


def test_a_line_may_have_several_preferences():
    keys = {key for key in SHEET.measures if key.startswith("us-hts-04061008-")}
    assert {key.rpartition("-")[2] for key in keys} == {
        *("mfn", "2", "BH.CL.JO.MA.OM.P.SG", "KR", "AU", "S+")
    }
    assert SHEET.measures["us-hts-04061008-AU"].duty.text == "See 9822.04.35"
    assert SHEET.measures["us-hts-04061008-KR"].duty.components[0].per == "kg"


def test_what_was_not_read_is_counted_and_is_no_zero():
    assert SHEET.cells["general"] == 8
    assert SHEET.unread == {"general": 1, "other": 0, "special": 2}
    assert SHEET.measures["us-hts-61031070-mfn"].duty.percent is None


def test_symbols_that_nobody_can_claim_are_counted():
    said = {why.split(",")[0]: count for why, count in SHEET.left_out.items()}
    assert said == {"symbol A+": 2, "symbol CA": 1}


def test_a_rate_without_symbols_is_nobodys():
    sheet = sheet_of(row("0101.21.00", "1%", "Free", "2%"))
    assert sheet.left_out == {"special rates without a symbol": 1}
    assert len(sheet.measures) == 2


def test_a_line_without_column_2_has_none():
    assert list(sheet_of(row("0101.21.00", "1%")).measures) == ["us-hts-01012100-mfn"]
    assert list(sheet_of(row("0101.21.00", other="1%")).measures) == ["us-hts-01012100-column-2"]


def test_every_measure_is_an_event():
    steps = steps_between({}, SHEET.measures, Revision("2025 revision 9", ON, ON))
    events = [read_event(json.dumps(step).encode()) for step in steps]
    assert len(events) == len(SHEET.measures)
    assert {event.data.programme for event in events} == set(PROGRAMMES)


def relations():
    return json.loads((files(schedule) / "data" / "relations.json").read_text("utf-8"))


@pytest.mark.parametrize("relation", relations())
def test_a_relation_has_a_date_and_a_citation_and_names_a_programme_of_ours(relation):
    assert relation["programme"] in PROGRAMMES
    assert relation["citation"]
    assert date.fromisoformat(relation["from"][:10]) <= ON
    assert {"replaces", "excludes"} & set(relation)
