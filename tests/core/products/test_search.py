"""The trade's words against the nomenclature's: a table, and what holds for any words."""

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.codes.harmonized import descriptions
from service.core.codes.tables import read_rows
from service.core.products import search_products
from service.core.products.terms import terms
from service.core.products.words import words_of

TABLE = Path(__file__).with_name("words.tsv")
with TABLE.open(encoding="utf-8", newline="") as file:
    ROWS = [tuple(row.values()) for row in csv.DictReader(file, delimiter="\t")]


def codes(words, most=10):
    return [one.product.code for one in search_products(words, most).found]


def test_the_table_is_long_enough_and_asks_for_codes_that_there_are():
    assert len(ROWS) >= 60
    assert {code for _, code, _ in ROWS} <= descriptions().keys()
    assert all(1 <= int(within) <= 3 for *_, within in ROWS)


@pytest.mark.parametrize(("words", "code", "within"), ROWS)
def test_words_of_the_trade_find_the_code(words, code, within):
    assert code in codes(words)[: int(within)]


@pytest.mark.parametrize(
    ("words", "code", "read_as"),
    [
        ("lithum baterries", "850760", {"lithum": "lithium", "baterri": "batteri"}),
        ("cofee", "0901", {"cofe": "coffe"}),
        ("semicond", "8541", {}),
        ("TOMATOS", "0702", {}),
        ("Café crème coffee", "0901", {}),
        ("women’s dresses", "620442", {}),
    ],
)
def test_slips_plurals_and_beginnings_are_understood(words, code, read_as):
    found = search_products(words)
    assert code in [one.product.code for one in found.found[:3]]
    assert dict(found.read_as).items() >= read_as.items()


@pytest.mark.parametrize("words", ["asteel", "steelq", "hpork", "xcementx"])
def test_what_begins_otherwise_or_would_be_cut_short_is_no_slip(words):
    """Better no answer than a wrong one: "pram" was once read as "ram", and "scarf" as "scar"."""
    assert search_products(words).found == ()


def test_the_order_of_words_tells_ships_from_containers():
    assert codes("shipping container")[0] == "8609"
    assert codes("container ship")[0] == "8901"


def test_what_a_description_leaves_out_is_not_found_by_it():
    """610990 says "other than cotton", and 090111 "not roasted"."""
    cotton, coffee = codes("cotton t-shirts", 50), codes("roasted coffee", 50)
    assert cotton.index("610910") < cotton.index("610990")
    assert coffee.index("090121") < coffee.index("090111")


@pytest.mark.parametrize(("words", "first"), [("8703", "8703"), ("8703.8", "870380"), ("87", "87")])
def test_digits_find_what_they_begin(words, first):
    assert codes(words)[0] == first


@pytest.mark.parametrize("words", ["", "zzzzqq", "!?", "the of and", "9999999999"])
def test_what_says_nothing_finds_nothing(words):
    assert codes(words) == []


def test_every_term_names_codes_that_there_are_and_gives_a_reason():
    assert all(term.codes and set(term.codes) <= descriptions().keys() for term in terms())
    assert all(term.stems for term in terms())


def test_a_term_by_itself_finds_its_first_code_among_the_first_three():
    rows = read_rows("terms.tsv", "service.core.products")
    spoken = [
        (one, row[1].replace(".", "").split()[0]) for row in rows for one in row[0].split("|")
    ]
    assert [one for one in spoken if one[1].replace(".", "") not in codes(one[0], 3)] == []


@settings(deadline=None)  # whoever comes first makes the index
@given(st.text(max_size=300))
def test_any_text_is_answered_with_codes_in_falling_order(text):
    found = search_products(text, 5).found
    assert len(found) <= 5
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


@settings(deadline=None)  # whoever comes first makes the index
@given(st.sampled_from(sorted(descriptions())))
def test_a_description_finds_its_own_code_or_one_that_says_the_same(code):
    words = set(words_of(descriptions()[code]))
    found = search_products(descriptions()[code], 30).found
    assert not words or found


def test_letters_alone_and_genitives_say_nothing():
    assert words_of("T-shirts for men's use, e-bikes, TVs") == [
        "tshirt",
        "shirt",
        "men",
        "ebik",
        "bike",
        "tv",
    ]
