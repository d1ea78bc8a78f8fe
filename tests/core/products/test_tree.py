"""Chapters, headings and subheadings as a tree."""

import pytest

from service.core.codes import UnknownProduct
from service.core.codes.harmonized import descriptions
from service.core.products import children_of, parents_of, product_of


def test_a_subheading_has_its_heading_and_chapter_above_it():
    assert [one.code for one in parents_of("870380")] == ["87", "8703"]
    assert [one.level for one in parents_of("870380")] == ["chapter", "heading"]
    assert parents_of("87") == ()


def test_children_are_one_level_below_in_order():
    assert [one.code for one in children_of("0901")] == [
        "090111",
        "090112",
        "090121",
        "090122",
        "090190",
    ]
    assert children_of("090111") == ()
    assert all(len(one.code) == 4 for one in children_of("87"))


def test_a_national_code_is_described_by_the_code_above_it():
    found = product_of("8703230160")
    assert (found.level, found.description) == ("national", descriptions()["870323"])
    assert [one.code for one in parents_of("8703230160")] == ["87", "8703", "870323"]


def test_national_chapters_have_no_place_in_the_tree():
    assert product_of("99030125").level == "national"
    assert parents_of("99030125") == ()


def test_a_code_that_is_not_there_is_answered_with_the_nearest():
    with pytest.raises(UnknownProduct) as caught:
        product_of("7799")
    assert caught.value.suggestions


def test_everyone_is_the_child_of_its_parent():
    for code in descriptions():
        if len(code) > 2:
            assert code in {one.code for one in children_of(code[:-2])}
