"""A rate as printed; what is written is read again, and what is not understood is unknown."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.duty import Basis, Component, Duty, say_duty
from service.core.schedule.cell import is_read, read_cell


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("Free", "0 %"),
        ("2.5%", "2.5 %"),
        ("2.5% ", "2.5 %"),
        ("33 1/3%", "33.3333333333 %"),
        ("35% 1/", "35 %"),
        ("35% /", "35 %"),
        ("<i>25%</i>", "25 %"),
        ("1¢/kg", "USD 0.01 per kg"),
        ("1.9¢ /kg", "USD 0.019 per kg"),
        ("$1.035/kg + 17%", "USD 1.035 per kg + 17 %"),
        ("$1.035/kg +17%", "USD 1.035 per kg + 17 %"),
        ("68¢/head", "USD 0.68 per head"),
        ("5.25¢/bbl", "USD 0.0525 per barrel"),
        ("13.2¢/liter + 21.1¢/pf. liter", "USD 0.132 per liter + USD 0.211 per proof liter"),
        ("$1,035/t", "USD 1,035 per t"),
        ("$1.34/1,000", "USD 1.34 per 1000"),
        ("15.4¢/thou- sand", "USD 0.154 per 1000"),
        ("51¢ each", "USD 0.51 per article"),
        ("43¢ each + 2.8¢/jewel over 7", "USD 0.43 per article + USD 0.028 per jewel over 7"),
        ("5% or 1¢/kg, whichever is higher", "5 % or USD 0.01 per kg, whichever is higher"),
        ("5% or 1¢/kg, whichever is the less", "5 % or USD 0.01 per kg, whichever is lower"),
    ],
)
def test_a_rate_is_read(cell, said):
    assert say_duty(read_cell(cell)) == said


@pytest.mark.parametrize(
    ("cell", "bases"),
    [
        ("6.25% on the case + 5.3% on the battery", ["case", "battery"]),
        ("2% on the strap, band or bracelet", ["strap_band_or_bracelet"]),
        ("3% on the value of the lead content", ["lead_content"]),
        ("20% on the value of the telescopic sight, if any", ["telescopic_sight"]),
        ("1.1¢/kg on copper content", ["copper_content"]),
        ("3.6¢/kg of total sugars", ["total_sugars"]),
        ("86.1¢/m2of recording surface", ["recording_surface"]),
        ("$3.90/t, including weight of container", ["weight_of_container"]),
    ],
)
def test_what_a_rate_is_taken_from_is_kept(cell, bases):
    assert [part.value_basis for part in read_cell(cell).components] == bases


@pytest.mark.parametrize(
    "cell",
    [
        "The rate applicable to each garment in the ensemble if separately entered",
        "See additional U.S. note 1",
        "Free, under bond",
        "3.6606¢/kg less 0.020668¢/kg for each degree under 100 degrees but not less than 3.14¢/kg",
        "4.3% + 1.7¢/jewel + 0.2¢ for each other piece or part",
        "10¢/bushel",
        "33 1/0%",
        "5% or nothing, whichever is higher",
        "",
    ],
)
def test_what_is_not_understood_whole_is_unknown_and_keeps_its_text(cell):
    duty = read_cell(cell)
    assert not is_read(duty)
    assert duty.percent is None
    assert duty.text == cell


def test_a_duty_says_how_it_stands_to_the_others():
    assert read_cell("10%", Basis.ADDITIONAL_IN_LIEU).basis is Basis.ADDITIONAL_IN_LIEU
    assert read_cell("See above", Basis.ADDITIONAL_IN_LIEU).basis is Basis.ADDITIONAL_IN_LIEU


AMOUNTS = st.decimals(min_value=0, max_value=9999, places=4)
UNITS = st.sampled_from(["kg", "liter", "t", "m2", "clean kg", "gross", "head"])
BASES = st.none() | st.sampled_from(["case", "battery", "lead content"])


@st.composite
def components(draw):
    amount, base = draw(AMOUNTS), draw(BASES)
    given_base = base.replace(" ", "_") if base else None
    if draw(st.booleans()):
        return Component(kind="ad_valorem", amount=amount, value_basis=given_base)
    return Component(
        kind="specific", amount=amount, currency="USD", per=draw(UNITS), value_basis=given_base
    )


def written(part: Component, cents: bool, space: str) -> str:
    """As the schedule prints it, with the printer's freedom."""
    base = f" on the {part.value_basis.replace('_', ' ')}" if part.value_basis else ""
    if part.kind == "ad_valorem":
        return f"{part.amount:,f}%{base}"
    money = f"{part.amount * 100:,f}¢" if cents else f"${part.amount:,f}"
    return f"{money}/{space}{part.per}{base}"


@given(
    st.lists(components(), min_size=1, max_size=4),
    st.booleans(),
    st.sampled_from(["", " "]),
    st.sampled_from([" + ", "+", " +", "  +  "]),
)
def test_what_is_written_is_read_again(parts, cents, space, plus):
    cell = plus.join(written(part, cents, space) for part in parts)
    assert read_cell(cell) == Duty(components=tuple(parts))


@given(st.text(max_size=60))
def test_any_text_is_a_duty_and_none_is_zero_unless_it_says_so(text):
    duty = read_cell(text)
    if duty.percent == Decimal(0):
        assert "free" in text.casefold() or "0" in text
