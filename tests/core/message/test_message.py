"""The webhook body: a CloudEvents event that holds all, and under 20 kB whatever comes in."""

import hashlib
import json
from dataclasses import replace
from uuid import UUID

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_structured
from cloudevents.core.formats.json import JSONFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.message.body import (
    LONGEST_BODY,
    Told,
    body_for,
    prepare,
    to_bytes,
    webhook_body,
    write_body,
)
from service.core.message.shorten import fit
from tests.core.builders import TRACK, claim, entry, measure, replay, step, threat
from tests.core.message.golden.written import ADDRESSED, TOLD, change_of, changes_of_2025, expect

CODES = tuple(f"{number:06}" for number in range(100_000, 105_000))


def last(*events, subject="measure:us-test-cn"):
    entries = [entry(one, f"2025-04-{place + 2:02}") for place, one in enumerate(events)]
    change = replay(entries, subject)[1][-1].change
    assert change is not None
    return change


def data_of(change, **changed):
    body = webhook_body(change, delivery=replace(ADDRESSED, **changed))
    assert len(to_bytes(body)) < LONGEST_BODY
    return json.loads(to_bytes(body))["data"]


def listed(codes, **fields):
    product = {"scope": "codes", "include": list(codes)} | fields.pop("product", {})
    return measure(fields.pop("name", "m"), rate="10", product=product, **fields)


def test_the_body_is_as_written_down():
    body = webhook_body(change_of("us-cn-recip-125"), delivery=ADDRESSED)
    expect("webhook_us-cn-recip-125.json", json.dumps(body, indent=2, ensure_ascii=False) + "\n")


@pytest.mark.parametrize("change", changes_of_2025(), ids=lambda one: one.event[1])
def test_every_change_of_2025_fits_unshortened_and_parses_as_cloudevents(change):
    raw = to_bytes(webhook_body(change, delivery=ADDRESSED))
    assert len(raw) < LONGEST_BODY
    message = HTTPMessage({"content-type": "application/cloudevents+json"}, raw)
    event = from_structured(message, JSONFormat())
    assert event.get_id() == str(change.id)
    assert event.get_type() == "tariffwire.change"
    data = event.get_data()
    assert (data["cause"]["source"], data["cause"]["id"]) == change.event
    assert data["matched"][0]["subscription"] == str(TOLD.subscription)
    assert "shortened" not in data


def test_a_prepared_change_serves_many_receivers_without_being_touched():
    prepared = prepare(change_of("us-232-auto-parts-25"))
    first = to_bytes(body_for(prepared, ADDRESSED))
    other = replace(ADDRESSED, matched=(replace(TOLD, yours=("8708",)),), previous_alert=None)
    assert json.loads(to_bytes(body_for(prepared, other)))["data"]["product"]["include"][
        "yours"
    ] == ["8708"]
    assert to_bytes(body_for(prepared, ADDRESSED)) == first


def test_what_is_written_once_and_put_together_is_the_body_byte_by_byte():
    listing = last(listed(CODES[:60]), listed(CODES[10:80], name="n", action="amended"))
    crowd = replace(ADDRESSED, matched=(replace(TOLD, reason="é\n" * 900),) * 20)
    stranger = replace(ADDRESSED, previous_alert=None, told_before=False, matched=())
    for change in (*changes_of_2025(), listing):
        prepared = prepare(change)
        for delivery in (ADDRESSED, crowd, stranger):
            assert write_body(prepared, delivery) == to_bytes(body_for(prepared, delivery))


def test_a_list_of_more_than_fifty_codes_is_counted_and_keeps_your_own():
    change = last(listed(CODES[:60]), listed(CODES[10:80], name="n", action="amended"))
    yours = CODES[:55]
    include = data_of(change, matched=(replace(TOLD, yours=yours), TOLD))["product"]["include"]
    assert include == {
        "count": 70,
        "sha256": hashlib.sha256("\n".join(CODES[10:80]).encode()).hexdigest(),
        "added_count": 20,
        "removed_count": 10,
        "href": f"https://tariffwire.example/v1/changes/{change.id}",
        "yours": list(yours[:50]),
        "yours_more": 5,
    }


def test_a_long_list_of_exceptions_names_only_those_of_yours_that_are_in_it():
    change = last(measure("m", rate="10", product={"scope": "all", "except": list(CODES[:60])}))
    product = data_of(change, matched=(replace(TOLD, yours=(CODES[3], CODES[99])),))["product"]
    assert product["except"]["yours"] == [CODES[3]]
    assert product["include"] == []


def test_fifty_codes_are_listed():
    assert data_of(last(listed(CODES[:50])))["product"]["include"] == list(CODES[:50])


def test_a_long_list_of_origins_is_counted_too():
    pseudo = {"kind": "pseudo", "members": [f"CLASS_{number}" for number in range(51)]}
    members = data_of(last(measure("m", rate="9", origin=pseudo)))["origin"]["members"]
    assert members["count"] == 51


def test_amounts_are_decimal_strings_and_moments_say_how_precise_they_are():
    parts = [
        {"kind": "ad_valorem", "amount": "2.50", "value_basis": "copper_content"},
        {"kind": "specific", "amount": "0.40", "currency": "USD", "per": "kg"},
    ]
    data = data_of(last(measure("m", duty={"components": parts}, effective_at="2025-04-09")))
    assert data["duty"]["components"] == [
        {"kind": "ad_valorem", "amount": "2.5", "value_basis": "copper_content"},
        {"kind": "specific", "amount": "0.4", "currency": "USD", "per": "kg"},
    ]
    assert data["effective_at"] == {
        "at": "2025-04-09T00:00:00-04:00",
        "precision": "day",
        "zone": "America/New_York",
    }
    assert data["delta_pp"] is None


def test_a_verdict_names_what_it_assesses_and_words_it_for_who_never_heard_of_it():
    change = last(threat("t", rate="30"), claim("v", "t", "denied"))
    data = data_of(change)
    assert (data["verdict"], data["assesses"]["id"]) == ("denied", "t")
    assert data["summary"].startswith("Denied by a named official: the threat")
    assert data_of(change, told_before=False)["summary"].startswith("Threat, denied by")


def test_an_official_threat_is_not_law_in_words():
    data = data_of(last(threat("t", rate="30", certainty="announced")))
    assert data["certainty"] == "announced"
    assert data["certainty_in_words"] == "said on record by a named official, not law"


def test_a_step_carries_its_parties_and_terms():
    terms = {"rate": "15"}
    entries = [
        entry(step("s", "framework", terms=terms, attribution={"speaker": "A"}), "2025-04-02")
    ]
    data = data_of(replay(entries, TRACK)[1][-1].change)
    assert [party["code"] for party in data["parties"]] == ["US", "CN"]
    assert (data["stage"], data["terms"], data["attribution"]["speaker"]) == (
        "framework",
        terms,
        "A",
    )
    assert data["after"]["status"] == "framework"


def test_conflicting_sources_are_listed():
    change = last(
        measure("a", rate="10", effective_at="2025-05-01", announced_at="2025-04-01"),
        measure(
            "b", rate="12", effective_at="2025-05-01", announced_at="2025-04-01", source="urn:b"
        ),
    )
    assert len(data_of(change)["after"]["conflicts"][0]) == 2


def test_labels_may_be_a_list_or_named():
    assert data_of(last(measure("m")))["matched"][0]["labels"] == ["buying"]
    named = (replace(TOLD, labels={"team": "a"}),)
    assert data_of(last(measure("m")), matched=named)["matched"][0]["labels"] == {"team": "a"}


def test_what_one_subscription_says_at_length_is_shortened_and_said_to_be():
    long = replace(TOLD, name="n" * 5000, metadata={str(number): "x" * 99 for number in range(999)})
    data = data_of(last(measure("m")), matched=(long,))
    assert data["matched"][0]["name"].endswith("…")
    assert data["matched"][0]["metadata"]["shortened"] is True
    assert {"matched[0].metadata", "matched[0].name"} <= set(data["shortened"])


def test_subscriptions_beyond_the_room_are_counted():
    many = tuple(replace(TOLD, subscription=UUID(int=number)) for number in range(500))
    data = data_of(last(measure("m")), matched=many)
    assert len(data["matched"]) + data["matched_more"] == 500
    assert len(data["matched"]) >= 8


def test_ten_pieces_of_evidence_are_listed_and_the_others_counted():
    evidence = [{"kind": "press_report", "title": str(number)} for number in range(30)]
    data = data_of(last(measure("m", evidence=evidence)))
    assert (len(data["evidence"]), data["evidence_more"]) == (10, 20)


words = st.text(max_size=12_000).map(lambda text: text[:10_000])
wide = st.sampled_from(["x", "\U0001f30d", '"', "\\", "ж", "\u2028"]).map(
    lambda sign: sign * 10_000
)
nested = st.recursive(
    st.text(max_size=50) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=9) | st.dictionaries(st.text(max_size=200), inner, max_size=9)
    ),
    max_leaves=60,
)


@settings(max_examples=25, deadline=None)
@given(words | wide, nested, st.integers(min_value=1, max_value=5000))
def test_no_body_reaches_20_kb_whatever_comes_in(text, free, count):
    quotes = [{"kind": "press_report", "quote": text, "title": text[:1000]}] * 200
    laws = [
        {"kind": "other", "number": (text or "x")[:300], "url": "https://x.example/" + "y" * 2000}
    ] * 200
    component = {"kind": "specific", "amount": "1.5", "unit": (text or "x")[:300], "per": "p" * 300}
    product = {"include": list(CODES[:count]), "except": list(CODES[-count:]), "text": text}
    event = listed(
        (),
        product=product,
        action="threatened",
        duty=None,
        condition={"text": text, "then": {"free": free, text[:200]: free}},
        evidence=quotes,
        citations=laws,
    )
    event["data"]["duty"] = {"components": [component] * 50, "text": text}
    event["id"], event["source"] = "i" * 200, "\U0001f30d" * 500
    matched = (replace(TOLD, name=text, reason=text, metadata={"free": free}, yours=CODES),) * 40
    data = data_of(last(event), matched=matched)
    assert data["shortened"]
    assert data["cause"]["source"] == event["source"]
    assert data["product"]["scope"] == "codes"
    assert data["href"]


@given(st.dictionaries(st.sampled_from("abcdef"), nested, max_size=6))
def test_fitting_keeps_every_field_and_says_what_it_cut(given_object):
    found, paths = fit(given_object, 400)
    assert set(given_object) <= set(found)
    assert (found == given_object) == (not paths)


def test_a_cut_list_has_its_count_beside_it_unless_the_name_is_taken():
    found, paths = fit(
        {"a": [{"b": "x" * 9}] * 30, "a_more": 5, "c": ["y" * 9] * 30, "c_more": "no"}, 700
    )
    assert len(found["a"]) + found["a_more"] == 35
    assert found["c_more"] == "no"
    assert paths == ["a", "c"]


def test_more_than_a_dozen_paths_are_counted():
    paths = fit({f"{number:050}": "x" * 200 for number in range(20)}, 3000)[1]
    assert len(paths) == 13
    assert paths[-1] == "… and 8 more"
    assert all(len(path) <= 40 for path in paths)


def test_what_cannot_fit_keeps_its_fields_all_the_same():
    found, paths = fit({"a": "x", "b": dict.fromkeys(map(str, range(99)), 1)}, 30)
    assert found == {"a": "x", "b": {"shortened": True, "bytes": found["b"]["bytes"]}}
    assert paths == ["b"]


def test_a_told_has_sensible_defaults():
    told = Told(subscription=UUID(int=1), name="n", reason="r")
    assert (told.lane, told.possible, told.yours) == (1, False, ())
