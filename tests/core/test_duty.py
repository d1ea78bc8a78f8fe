"""What a measure charges."""

from decimal import Decimal

import pytest
from pydantic import ValidationError

from service.core.duty import Basis, Duty, points_between, say_duty, say_number


def duty(*parts, **fields):
    components = [part if isinstance(part, dict) else ad_valorem(part) for part in parts]
    return Duty.model_validate({"components": components} | fields)


def ad_valorem(amount, **fields):
    return {"kind": "ad_valorem", "amount": amount} | fields


def specific(amount, **fields):
    return {"kind": "specific", "amount": amount} | fields


def test_amounts_are_decimal_strings():
    assert duty("2.5").percent == Decimal("2.5")
    with pytest.raises(ValidationError, match='write "25", not 25'):
        duty(ad_valorem(25))
    with pytest.raises(ValidationError, match="decimal strings"):
        duty(ad_valorem(2.5))


@pytest.mark.parametrize("amount", ["-1", "NaN", "Infinity", "1e30", "0.12345678901", "ten"])
def test_an_amount_is_a_finite_number_from_zero_up(amount):
    with pytest.raises(ValidationError):
        duty(amount)


def test_an_unknown_rate_is_not_zero():
    assert duty().percent is None
    assert duty("0").percent == 0
    assert duty(text="see note 2").percent is None


def test_a_sum_of_percentages_is_one_percentage():
    assert duty("10", "2.5").percent == Decimal("12.5")


def test_money_a_choice_or_different_values_have_no_percentage():
    assert duty("2.5", specific("0.4", currency="USD", per="kg")).percent is None
    assert duty("10", "20", combine="max").percent is None
    assert duty("10", ad_valorem("20", value_basis="copper_content")).percent is None
    assert duty("10", combine="max").percent == 10


def test_the_same_figures_can_be_said_on_another_basis():
    plain = duty("10", basis="component_total")
    assert plain.on_basis(Basis.COMPONENT_TOTAL) is plain
    assert plain.on_basis(Basis.ADDITIONAL) == duty("10")


@pytest.mark.parametrize(
    ("basis", "of_total"),
    [("additional", False), ("component_total", False), ("total", True), ("total_floor", True)],
)
def test_only_totals_say_all_that_is_owed(basis, of_total):
    assert duty("15", basis=basis).of_total is of_total


def test_points_are_counted_between_two_known_percentages():
    assert points_between(duty("84"), duty("125")) == 41
    assert points_between(duty("30"), duty("10", basis="component_total")) == -20


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, duty("10")),
        (duty("10"), None),
        (duty(), duty("10")),
        (duty("10"), duty(text="see note 2")),
        (duty("10"), duty("15", basis="total_floor")),
        (duty("15", basis="total"), duty("10")),
        (duty("15", basis="total"), duty("15", basis="total_floor")),
        (duty("10"), duty(ad_valorem("50", value_basis="copper_content"))),
    ],
)
def test_what_cannot_be_compared_has_no_points(before, after):
    assert points_between(before, after) is None


def test_two_totals_of_one_kind_compare():
    assert points_between(duty("27.5", basis="total"), duty("15", basis="total")) == Decimal(
        "-12.5"
    )


@pytest.mark.parametrize(
    ("said", "given"),
    [
        ("an unknown rate", None),
        ("an unknown rate", duty()),
        ("Free (A, AU, BH)", duty(text="Free (A, AU, BH)")),
        ("25 %", duty("25")),
        ("25 %", duty("25.00")),
        ("10 % + 2.5 %", duty("10", "2.5")),
        ("at least 15 % in all", duty("15", basis="total_floor")),
        ("15 % in all", duty("15", basis="total")),
        ("50 % of the copper content", duty(ad_valorem("50", value_basis="copper_content"))),
        ("2.5 % + USD 0.40 per kg", duty("2.5", specific("0.40", currency="USD", per="kg"))),
        (
            "2.5 % or 3 EUR/hl, whichever is higher",
            duty("2.5", specific("3", unit="EUR/hl"), combine="max"),
        ),
        (
            "2.5 % or EUR 3, whichever is lower",
            duty("2.5", specific("3", currency="EUR"), combine="min"),
        ),
        ("4", duty(specific("4"))),
        ("7 %", duty("7", combine="min")),
    ],
)
def test_a_duty_is_said_as_a_trader_would(said, given):
    assert say_duty(given) == said


def test_numbers_are_said_in_plain_digits():
    assert [say_number(Decimal(one)) for one in ("25", "100", "2.50", "1E+2", "0.125")] == [
        "25",
        "100",
        "2.5",
        "100",
        "0.125",
    ]


def test_a_misspelt_field_is_refused():
    with pytest.raises(ValidationError, match="extra_forbidden"):
        Duty.model_validate({"component": []})
