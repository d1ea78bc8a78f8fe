"""The ladder of certainty."""

from itertools import pairwise

import pytest

from service.core.certainty import Certainty

LADDER = ["instrument", "announced", "official_statement", "reported", "unnamed", "rumour"]


def test_the_rungs_are_ordered_by_strength_not_by_alphabet():
    assert sorted(Certainty, reverse=True) == LADDER
    assert max(Certainty) is Certainty.INSTRUMENT
    assert min(Certainty) is Certainty.RUMOUR


@pytest.mark.parametrize(("stronger", "weaker"), list(pairwise(LADDER)))
def test_every_rung_is_stronger_than_the_next(stronger, weaker):
    strong, weak = Certainty(stronger), Certainty(weaker)
    assert strong > weak
    assert strong >= weak
    assert weak < strong
    assert weak <= strong
    assert not strong < weak
    assert not strong <= weak
    assert not weak > strong
    assert not weak >= strong


def test_a_rung_is_neither_stronger_nor_weaker_than_itself():
    rung = Certainty.REPORTED
    assert rung <= Certainty.REPORTED
    assert rung >= Certainty.REPORTED
    assert not rung < Certainty.REPORTED
    assert not rung > Certainty.REPORTED


def test_a_rung_compares_with_the_word_for_one():
    assert Certainty.ANNOUNCED > "rumour"
    with pytest.raises(ValueError, match="certain"):
        assert Certainty.ANNOUNCED > "certain"


def test_only_a_text_or_the_declaration_of_the_authority_moves_law():
    assert [rung for rung in Certainty if rung.moves_law] == ["instrument", "announced"]


def test_strength_counts_from_a_rumour_up():
    assert [rung.strength for rung in Certainty] == [5, 4, 3, 2, 1, 0]


def test_what_is_not_law_says_so_in_words():
    for rung in Certainty:
        assert ("not law" in rung.in_words or rung is Certainty.RUMOUR) is not rung.moves_law
