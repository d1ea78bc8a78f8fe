"""What a dossier says of the goods of a measure, step by step."""

import pytest

from service.core.rates.bearing.dossier import Dossier
from tests.core.builders import on
from tests.core.rates.world import AT, amounts, codes, dossier, only, owe

CAR, TRUCK = "870323", "870421"
LATE = on("2025-08-20T12:00")


def owed(code, *steps, at=AT, **fields):
    """What one measure adds for goods of this code."""
    found = only(owe(dossier("a", *steps, **fields), code=code, at=at, known=LATE, column1_pct="0"))
    return {key: str(pct) for key, pct in amounts(found).items()}


def test_what_is_announced_without_a_date_changes_no_goods_yet():
    wider = (
        "increased",
        {"announced_at": "2025-03-01", "rate": "50", "product": codes("8703", "8704")},
    )
    assert owed(TRUCK, wider, rate="25", product=codes("8703")) == {}
    assert owed(CAR, wider, rate="25", product=codes("8703")) == {"a": "25"}
    narrower = ("increased", {"announced_at": "2025-03-01", "rate": "50", "product": codes("8703")})
    assert owed(TRUCK, narrower, rate="25", product=codes("87")) == {"a": "25"}


@pytest.mark.parametrize(
    ("at", "truck", "car"),
    [(AT, {}, {"a": "25"}), (LATE, {"a": "10"}, {"a": "10"})],
    ids=["while it lasts", "after it"],
)
def test_the_goods_of_a_temporary_step_end_with_it(at, truck, car):
    step = (
        "increased",
        {
            "announced_at": "2025-03-01",
            "effective_at": "2025-03-01T00:00Z",
            "until": "2025-07-01T00:00Z",
            "rate": "25",
            "product": codes("8703"),
        },
    )
    assert owed(TRUCK, step, at=at, rate="10") == truck
    assert owed(CAR, step, at=at, rate="10") == car


def test_a_delayed_step_brings_its_goods_on_its_new_date():
    fields = {"rate": "25", "product": codes("8703")}
    step = (
        "increased",
        {"announced_at": "2025-03-01", "effective_at": "2025-06-01T00:00Z"} | fields,
    )
    delay = (
        "delayed",
        {"announced_at": "2025-05-01", "effective_at": "2025-08-01T00:00Z"} | fields,
    )
    assert owed(TRUCK, step, delay, rate="10") == {"a": "10"}
    assert owed(CAR, step, delay, rate="10") == {"a": "10"}
    assert owed(CAR, step, delay, at=LATE, rate="10") == {"a": "25"}


def test_an_amendment_of_the_goods_alone_counts_from_its_date():
    amended = ("amended", {"effective_at": "2025-06-01T00:00Z", "product": codes("8704")})
    assert owed(TRUCK, amended, rate="10", product=codes("8703")) == {"a": "10"}
    assert owed(CAR, amended, rate="10", product=codes("8703")) == {}


def test_the_end_of_an_exemption_for_some_goods_leaves_it_for_the_others():
    let_off = ("exempted", {"effective_at": "2025-02-01T00:00Z", "product": codes("8703", "8704")})
    ended = ("exemption_ended", {"effective_at": "2025-06-01T00:00Z", "product": codes("8703")})
    assert owed(CAR, let_off, ended, rate="10") == {"a": "10"}
    assert owed(TRUCK, let_off, ended, rate="10") == {}


def test_before_its_first_step_a_measure_has_none():
    held: Dossier = dossier("a", rate="10")
    assert held.step_at(on("2024-06-01")) is None
