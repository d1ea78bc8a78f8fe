"""Goods that do not exist are refused at the door; what stands in the books is read back."""

import json

import pytest

from service.core.codes import MOST_HINTED
from service.core.event import Stage, Unreadable, read_event, refuse_unknown_goods
from service.core.event.envelope import EVENTS
from service.core.event.unreadable import MOST_FAULTS
from service.events_of_2025 import read_article, read_year
from tests.core.builders import claim, measure, step


def on(*codes, **product):
    nomenclature = {"nomenclature": "HTS"} if any(len(code) > 7 for code in codes) else {}
    given = {"scope": "codes", "include": list(codes)} | nomenclature | product
    return measure("1", product=given)


def refusal(event, **told):
    with pytest.raises(Unreadable) as caught:
        refuse_unknown_goods(read_event(event), **told)
    return {fault.where: fault.what for fault in caught.value.faults}


@pytest.mark.parametrize(
    "event",
    [
        on("87", "8703", "8703.23"),
        on("8703.23.01"),
        on("8703.23.01.10", "8703000000", "8803.00.00"),  # such as older schedules have
        on("8703.00", "8700.00"),
        on("9903.01.25", "9801"),
        on("8703.99", edition="HS 2017"),
        on("8703.99", edition="2028"),
        measure("1"),
        step("s", Stage.OUTREACH),
        claim("c", "1"),
    ],
    ids=str,
)
def test_what_exists_or_is_of_another_edition_is_taken(event):
    refuse_unknown_goods(read_event(event))


@pytest.mark.parametrize(
    ("code", "gap", "nearest"),
    [
        ("8703.99", "subheading 8703.99", "8703.90"),
        ("8799", "heading 8799", "8716"),
        ("77", "chapter 77", "78"),
    ],
)
@pytest.mark.parametrize("edition", [None, "HS 2022", "hs2022", "2022 "])
def test_goods_that_do_not_exist_are_answered_with_the_nearest(code, gap, nearest, edition):
    event = on("8703.23", code, **({"edition": edition} if edition else {}))
    ((where, said),) = refusal(event).items()
    assert where == "data.product.include[1]"
    assert f"HS 2022 has no {gap}; of another edition? Then name it in `edition`." in said
    assert nearest in said.partition("Did you mean")[2]


def test_every_event_of_2025_is_taken():
    for event in (*read_year(), *read_article()):
        refuse_unknown_goods(read_event(event))


def test_so_are_those_that_are_excepted():
    assert list(refusal(on("8703", **{"except": ["8703.99"]}))) == ["data.product.except[0]"]


def test_of_very_many_the_first_are_named_and_fewer_answered_with_the_nearest():
    said = list(refusal(on(*["8703.99"] * 500)).values())
    assert ["Did you mean" in one for one in said] == [True] * MOST_HINTED + [False] * (
        MOST_FAULTS - MOST_HINTED
    )
    assert not any("Did you mean" in one for one in refusal(on("8703.99"), hints=0).values())


def test_what_was_taken_before_is_read_back():
    event = on("8703.99")
    assert EVENTS.validate_json(json.dumps(event)).data.product.include == ("870399",)
    assert read_event(event).data.product.include == ("870399",)
