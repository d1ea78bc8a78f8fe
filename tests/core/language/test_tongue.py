"""Figures, dates, lists and names as readers of each language write them."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.codes.tables import read_rows
from service.core.duty import Duty, say_duty
from service.core.language import ENGLISH, Language, Tongue, choose_language, tongue_for
from service.core.language.names import name_of

GERMAN, JAPANESE = tongue_for(Language.GERMAN), tongue_for(Language.JAPANESE)
CODES = [row[0] for row in read_rows("countries.tsv")]


@pytest.mark.parametrize(
    ("tongue", "number", "money", "day", "listed"),
    [
        (ENGLISH, "12,345.5", "0.40", "8 Sep 2025", "a, b and c"),
        (GERMAN, "12.345,5", "0,40", "8. Sept. 2025", "a, b und c"),
        (JAPANESE, "12,345.5", "0.40", "2025年9月8日", "a、b、c"),
    ],
)
def test_figures_are_written_as_the_reader_does(tongue, number, money, day, listed):
    assert tongue.number(Decimal("12345.50")) == number
    assert tongue.number(7) == "7"
    assert tongue.money(Decimal("0.40")) == money
    assert tongue.money(Decimal("0.4")) == money.rstrip("0")  # though the two are equal
    assert tongue.money(Decimal("0.400")) == money + "0"
    assert tongue.money(Decimal(3)) == "3"
    assert tongue.date(date(2025, 9, 8)) == day
    assert tongue.listed(iter("abc")) == listed


@pytest.mark.parametrize(
    ("tongue", "zone", "city"),
    [
        (ENGLISH, "America/New_York", "New York"),
        (GERMAN, "Europe/Brussels", "Brüssel"),
        (JAPANESE, "Asia/Shanghai", "上海"),
        (JAPANESE, "America/Argentina/Buenos_Aires", "ブエノスアイレス"),
        (JAPANESE, "UTC", "UTC"),
        (ENGLISH, "Asia/Ho_Chi_Minh", "Ho Chi Minh City"),
    ],
)
def test_clocks_are_named_by_their_city(tongue, zone, city):
    assert tongue.city(zone) == city


@pytest.mark.parametrize("language", Language)
def test_every_country_has_a_name_and_a_duty(language):
    tongue = Tongue(language)
    for code in CODES:
        name = tongue.name(code)
        assert name.doer
        assert name.other
        assert name.doer != code or code == "EU"


@pytest.mark.parametrize("language", Language)
def test_no_name_is_of_what_is_no_country(language):
    assert {row[0] for row in read_rows(f"names_{language}.tsv")} <= set(CODES)


def test_german_names_have_their_articles_and_cases():
    usa, turkey = name_of(Language.GERMAN, "US"), name_of(Language.GERMAN, "TR")
    assert (usa.doer, usa.other, usa.levy, usa.is_many) == ("die USA", "den USA", "US-Zoll", True)
    assert (turkey.other, turkey.levy, turkey.is_many) == ("der Türkei", "Türkischer Zoll", False)
    assert name_of(Language.GERMAN, "VN").other == "Vietnam"


def test_a_free_trade_area_goes_by_its_code():
    assert name_of(Language.ENGLISH, "USMCA").other == "USMCA"
    assert name_of(Language.JAPANESE, "KR").doer == "韓国"


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("fr, JA-jp;q=0.5", "ja"),
        ("de;q=0.2,ja;q=0.9", "ja"),
        ("ja;q=0, de;q=x", "en"),
        ("*;q=0.5", "en"),
        ("de;q=²", "en"),
        ("xx," * 500 + "de", "en"),
    ],
)
def test_a_browser_is_answered_in_the_best_that_it_accepts(accepted, language):
    assert choose_language(accepted) == language


@settings(deadline=None)
@given(st.text())
def test_whatever_a_browser_says_there_is_an_answer(accepted):
    assert choose_language(accepted) in set(Language)


def test_days_of_the_week_have_their_names():
    assert [one.weekday("monday") for one in (ENGLISH, GERMAN, JAPANESE)] == [
        "Monday",
        "Montag",
        "月曜日",
    ]


def test_what_has_no_translation_stays_as_it_is():
    assert GERMAN.find("words of an event") == "words of an event"
    assert GERMAN.find("") == ""


def test_a_tongue_is_brief_once():
    brief = GERMAN.in_brief()
    assert brief.is_brief
    assert brief.in_brief() is brief


@pytest.mark.parametrize(
    ("tongue", "said"),
    [
        (ENGLISH, "2.5 % or USD 0.40 per kg, whichever is higher"),
        (GERMAN, "2,5 % oder 0,40 USD je kg, je nachdem, was höher ist"),
        (JAPANESE, "2.5%または0.40 USD／kgのいずれか高い方"),
    ],
)
def test_a_compound_duty_is_said_in_each_language(tongue, said):
    parts = [
        {"kind": "ad_valorem", "amount": "2.50"},
        {"kind": "specific", "amount": "0.40", "currency": "USD", "per": "kg"},
    ]
    duty = Duty.model_validate({"components": parts, "combine": "max"})
    assert say_duty(duty, tongue) == said
