"""The index only narrows: whatever is owed is found by it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.event import Measure
from service.core.rates import Question
from service.core.rates.reach import ANY, MOST, Reach, net_of, reaches_of
from tests.core.builders import measure, on, read
from tests.core.rates.world import AT, amounts, codes, dossier, owe

ALL = {"kind": "all"}


def data_of(**fields) -> Measure:
    return read(measure("e", rate="1", **fields)).data


def question(code="870323", origin="CN", importer="US"):
    return Question(importer, origin, code, "HTS", AT, AT)


def is_caught(reach: Reach, net) -> bool:
    in_code = reach.code in net.codes or (net.below and net.below < reach.code < net.until)
    return bool(in_code) and reach.importer in net.importers and reach.origin in net.origins


def test_a_measure_is_found_by_six_digits_and_by_each_origin():
    found = reaches_of(
        data_of(
            product=codes("8703.23.01", "8703.23.02", "87"),
            origin={"kind": "country", "members": ["CN", "HK"]},
        )
    )
    assert found == {Reach("US", code, who) for code in ("870323", "87") for who in ("CN", "HK")}


@pytest.mark.parametrize("scope", ["all", "described", "unknown"])
def test_without_codes_any_code_finds_it(scope):
    assert reaches_of(data_of(product={"scope": scope}, origin=ALL)) == {Reach("US", ANY, ANY)}


def test_a_pseudo_origin_is_found_by_any():
    origin = {"kind": "pseudo", "members": ["TRANSSHIPPED"]}
    assert reaches_of(data_of(origin=origin)) == {Reach("US", ANY, ANY)}


def test_a_list_too_long_is_kept_shorter():
    listed = [f"{chapter:02}{number:04}" for chapter in range(1, 98) for number in range(40)]
    found = reaches_of(data_of(product=codes(*listed), origin=ALL))
    assert len(found) <= MOST
    assert {len(one.code) for one in found} == {4}
    members = ["EU", "CN", "VN", "JP", "KR"] * 60
    wide = reaches_of(
        data_of(product=codes(*listed), origin={"kind": "country", "members": members})
    )
    assert {one.code for one in wide} == {ANY}


def test_a_union_levies_and_is_levied_on_for_its_members():
    net = net_of(question(origin="DE", importer="FR"))
    assert {"FR", "EU"} <= set(net.importers)
    assert {"", "DE", "EU"} <= set(net.origins)


ORIGINS = st.sampled_from(
    [
        ALL,
        ALL | {"except": ["VN"]},
        {"kind": "country", "members": ["CN", "VN"]},
        {"kind": "group", "members": ["EU"]},
    ]
)
CODE = st.sampled_from(["87", "8703", "870323", "87032301", "8703230160", "870421", "950300"])
PRODUCTS = st.one_of(
    st.just({"scope": "all"}),
    st.lists(CODE, min_size=1, max_size=3).map(lambda listed: codes(*listed)),
)


@settings(deadline=None)
@given(ORIGINS, PRODUCTS, CODE, st.sampled_from(["CN", "VN", "DE"]))
def test_whatever_is_owed_or_possible_is_in_the_net(origin, product, code, asked):
    found = dossier("a", rate="10", origin=origin, product=product)
    (answer,) = owe(found, code=code, origin=asked).answers
    if amounts(answer) or answer.possible:
        net = net_of(question(code=code, origin=asked))
        reaches = reaches_of(data_of(origin=origin, product=product))
        assert any(is_caught(one, net) for one in reaches)


def test_the_day_decides_who_is_a_member():
    before = Question("US", "GB", "870323", "HTS", on("2019-06-01"), on("2019-06-01"))
    assert "EU" in net_of(before).origins
    assert "EU" not in net_of(question(origin="GB")).origins
