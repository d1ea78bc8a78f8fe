"""Which of a receiver's goods an alert concerns, in words."""

import pytest

from service.core.language import ENGLISH, Language, tongue_for
from service.core.message.body import Told
from service.core.message.concerned import Concern, concern_part, read_concern, say_concerned

RACK = ("A-100", "Roof rack", "870829")


def told(count=1, *goods, catalogue="parts", possible=False):
    concern = Concern(catalogue, count, goods or (RACK,))
    return Told("sub_1", "cars", "because", possible=possible, concerns=concern)


@pytest.mark.parametrize(
    ("matched", "said"),
    [
        ([], ""),
        ([Told("sub_1", "cars", "because")], ""),
        ([told()], "It concerns your A-100 Roof rack."),
        ([told(4)], "It concerns your A-100 Roof rack and 3 more."),
        ([told(20_000)], "It concerns your A-100 Roof rack and 19,999 more."),
        ([told(1, ("", "", "870829"))], "It concerns your 8708.29."),
        ([told(1, ("A-100", "", "870829"))], "It concerns your A-100."),
        ([told(), told()], "It concerns your A-100 Roof rack."),
        ([told(), told(2, catalogue="cars")], "It concerns your A-100 Roof rack and 2 more."),
        ([told(possible=True)], "It may concern your A-100 Roof rack."),
        ([told(3, possible=True)], "It may concern your A-100 Roof rack and 2 more."),
    ],
)
def test_the_first_good_is_named_and_the_others_are_counted(matched, said):
    assert say_concerned(ENGLISH, matched) == said


@pytest.mark.parametrize(
    ("language", "matched", "said"),
    [
        ("de", [told()], "Betrifft Ihre Ware A-100 Roof rack."),
        ("de", [told(4)], "Betrifft Ihre Ware A-100 Roof rack und 3 weitere."),
        ("de", [told(possible=True)], "Betrifft möglicherweise Ihre Ware A-100 Roof rack."),
        ("ja", [told()], "登録商品A-100 Roof rackが該当。"),
        ("ja", [told(4)], "登録商品A-100 Roof rackほか3件が該当。"),
        ("ja", [told(4, possible=True)], "登録商品A-100 Roof rackほか3件が該当する可能性あり。"),
    ],
)
def test_it_is_said_in_the_language_of_the_reader(language, matched, said):
    assert say_concerned(tongue_for(Language(language)), matched) == said


def test_a_long_name_is_shortened():
    said = say_concerned(ENGLISH, [told(1, ("A" * 100, "x" * 200, "870829"))])
    assert len(said) < 90
    assert "…" in said


def test_a_catalogue_that_has_lost_its_goods_says_nothing():
    assert say_concerned(ENGLISH, [Told("sub_1", "", "", concerns=Concern("parts", 0, ()))]) == ""


def test_a_concern_is_read_back_from_the_row_of_an_alert():
    concern = Concern("parts", 3, (RACK,))
    assert read_concern(concern_part(concern)) == concern
    assert read_concern(None) is None
