"""From bytes to an event, or to every fault in them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from service.core.event import (
    Action,
    Fault,
    Handling,
    Stage,
    Unreadable,
    Verdict,
    decode,
    digest_of,
    read_event,
    topic_of,
)
from service.core.event.envelope import _DECODER, EVENTS, MAX_BYTES
from service.core.event.unreadable import faults_of, path_of
from tests.core.builders import SOURCE, TRACK, claim, measure, percent, ref, step, threat


def faults(given_event):
    raw = given_event if isinstance(given_event, bytes) else json.dumps(given_event).encode()
    with pytest.raises(Unreadable) as caught:
        read_event(raw)
    return {fault.where: fault.what for fault in caught.value.faults}


def raw(given_event):
    return json.dumps(given_event).encode()


@pytest.mark.parametrize("action", list(Action))
def test_every_action_is_read(action):
    assert read_event(raw(measure("1", action))).data.action is action


@pytest.mark.parametrize("stage", list(Stage))
def test_every_stage_is_read(stage):
    assert read_event(raw(step("1", stage))).data.stage is stage


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_is_read(verdict):
    assert read_event(raw(claim("2", "1", verdict))).data.verdict is verdict


@pytest.mark.parametrize("handling", list(Handling))
def test_every_handling_is_read_and_is_the_mode_of_the_alert(handling):
    event = read_event(raw(measure("1", handling=handling)))
    assert event.handling is handling
    assert event.handling.mode == handling
    assert event.is_kept is (handling != "test")


def test_an_event_is_live_unless_it_says_otherwise():
    assert read_event(measure("1")).handling is Handling.LIVE


def test_identity_is_source_and_id():
    assert read_event(measure("1")).identity == (SOURCE, "1")


def test_every_field_of_a_measure_is_kept():
    whole = measure(
        "1",
        aliases=["EO 14257"],
        product={
            "scope": "codes",
            "nomenclature": "HTS",
            "edition": "2025",
            "include": ["8703.23.01", "87"],
            "except": ["8703 24"],
            "text": "cars",
            "condition": "usmca_qualifying",
        },
        origin={"kind": "all", "except": ["CA", "MX"]},
        duty=percent("25") | {"combine": "sum", "text": "25 percent"},
        condition={"text": "unless", "actor": "CN", "deadline": "2025-04-08", "then": {"rate": 50}},
        stayed=True,
        announced_at="2025-04-02",
        effective_at="2025-04-10T00:01:00-04:00",
        until={"day": "2025-07-09", "zone": "America/New_York"},
        expires_at="2026-04-10",
        realises=ref("0"),
        withdraws=ref("00"),
        instrument={"kind": "executive_order", "number": "14257"},
        citations=[{"kind": "docket", "number": "USTR-1", "url": "https://ustr.example/1"}],
        evidence=[{"kind": "press_report", "publisher": "Wire", "quote": "…", "offset": 4}],
        claimed_status="final",
        apply={"date_test": "entry", "in_transit": {"loaded_before": "2025-04-05"}},
        exporters=[{"name": "ACME", "rate": "5"}],
        quota={"order": 1, "amount": 1.5},
        deadlines=[{"kind": "comment"}],
    )
    data = read_event(raw(whole)).data
    assert data.product.include == ("87032301", "87")
    assert data.product.excluded == ("870324",)
    assert data.origin.excluded == ("CA", "MX")
    assert data.condition.deadline.zone == "America/New_York"
    assert data.quota == {"order": 1, "amount": 1.5}
    assert data.realises.identity == (SOURCE, "0")
    again = json.loads(data.model_dump_json(exclude_none=True))
    assert read_event(measure("1") | {"data": again}).data == data
    assert set(whole["data"]) <= set(again)


def test_a_negotiation_can_have_an_unnamed_group_with_its_count():
    parties = [
        {"code": "US", "role": "initiator"},
        {"code": None, "role": "contacted", "count": {"low": 50, "high": 70}},
    ]
    data = read_event(raw(step("1", "outreach", parties=parties))).data
    assert data.named == {"US"}
    assert data.has_unnamed
    assert data.parties[1].count.approximate


def test_stages_rank_along_the_track_and_states_beside_it_do_not():
    ranked = [stage for stage in Stage if stage.rank is not None]
    assert [stage.rank for stage in ranked] == list(range(10))
    assert ranked[-1] is Stage.IMPLEMENTED
    assert Stage.STALLED.rank is None


def test_a_threat_never_moves_law_however_official():
    assert not read_event(threat("1", certainty="instrument")).data.moves_law
    assert not read_event(measure("1", certainty="reported")).data.moves_law
    assert read_event(measure("1", certainty="announced")).data.moves_law


def test_extensions_that_are_plain_values_are_kept():
    event = read_event(raw(measure("1") | {"traceparent": "00-1", "hops": 3, "urgent": True}))
    assert event.__pydantic_extra__ == {"traceparent": "00-1", "hops": 3, "urgent": True}


def test_time_and_knownfrom_are_instants():
    event = read_event(raw(measure("1") | {"knownfrom": "2025-04-10T00:01:00Z", "time": None}))
    assert event.knownfrom.isoformat() == "2025-04-10T00:01:00+00:00"
    assert event.time is None


def test_an_event_comes_back_the_same_from_its_own_json():
    for one in (measure("1", effective_at="2025-04-10"), step("1", "outreach"), claim("2", "1")):
        event = read_event(raw(one | {"knownfrom": "2025-04-10T00:01:00-04:00", "hops": 3}))
        assert EVENTS.validate_json(event.model_dump_json()) == event


def changed(path, value):
    """The usual measure with the value at `path` replaced."""
    event = measure("1", rate="25")
    place = event
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return event


@pytest.mark.parametrize(
    ("path", "value", "where", "what"),
    [
        (["id"], "", "id", "at least 1 character"),
        (["id"], 7, "id", "valid string"),
        (["id"], "a\nb", "id", "control characters are not allowed"),
        (["source"], "s" * 501, "source", "at most 500"),
        (["specversion"], "0.3", "specversion", "'1.0'"),
        (["type"], "tariff.mesure", "type", "`type` is one of tariff.measure, negotiation.step"),
        (["type"], ["tariff.measure"], "type", "`type` is one of"),
        (["handling"], "dry", "handling", "'live', 'history', 'simulated' or 'test'"),
        (["datacontenttype"], "text/xml", "datacontenttype", "application/json"),
        (["data"], [], "data", "valid dictionary or instance of Measure"),
        (["data", "importer"], "Vietnam", "data.importer", "did you mean 'VN' (Vietnam)?"),
        (["data", "importer"], "UK", "data.importer", "did you mean 'GB'"),
        (["data", "importer"], "Germny", "data.importer", "Did you mean DE (Germany)"),
        (["data", "importer"], None, "data.importer", "valid string"),
        (["data", "actoin"], "x", "data.actoin", "no such field; did you mean `action`?"),
        (["data", "zzz"], "x", "data.zzz", "no such field"),
        (["data", "action"], "raised", "data.action", "'imposed', 'increased'"),
        (["data", "certainty"], "confirmed", "data.certainty", "'instrument', 'announced'"),
        (["data", "measure"], "a key", "data.measure", "should match pattern"),
        (
            ["data", "duty", "components", 0, "amount"],
            25,
            "data.duty.components[0].amount",
            'amounts are decimal strings: write "25", not 25',
        ),
        (
            ["data", "duty", "components", 0, "amuont"],
            "25",
            "data.duty.components[0].amuont",
            "no such field; did you mean `amount`?",
        ),
        (["data", "duty", "bases"], "", "data.duty.bases", "did you mean `basis`?"),
        (["data", "origin", "exept"], [], "data.origin.exept", "did you mean `except`?"),
        (["data", "origin", "members"], [], "data.origin", "stays empty only for kind `all`"),
        (["data", "origin", "kind"], "all", "data.origin", "stays empty only for kind `all`"),
        (["data", "origin", "members"], ["Viet Nam"], "data.origin", "did you mean 'VN'"),
        (["data", "origin", "except"], ["XX"], "data.origin.except[0]", "XX"),
        (["data", "product", "scope"], "codes", "data.product", "`include` lists codes when"),
        (["data", "product", "include"], ["8703"], "data.product", "`include` lists codes when"),
        (
            ["data", "product"],
            {"scope": "codes", "include": ["8703.23.01"]},
            "data.product",
            "belong to a nomenclature",
        ),
        (
            ["data", "product"],
            {"scope": "codes", "include": ["8703", "8703.2x"]},
            "data.product.include[1]",
            "'8703.2x' is no product code",
        ),
        (["data", "effective_at"], "2025-04-10T00:01:00", "data.effective_at", "has no offset"),
        (["data", "effective_at"], "10 April", "data.effective_at", "is no date"),
        (["data", "effective_at"], 1744257660, "data.effective_at", "instant with offset"),
        (
            ["data", "effective_at"],
            {"day": "2025-04-10", "zone": "Mars"},
            "data.effective_at",
            "no such time zone 'Mars'",
        ),
        (["data", "condition"], {"deadline": "soon"}, "data.condition.deadline", "is no date"),
        (["data", "condition"], {"actor": "Mars"}, "data.condition.actor", "Mars"),
        (["data", "condition"], "unless", "data.condition", "valid dictionary"),
        (["data", "citations"], [{"kind": "law"}], "data.citations[0].number", "required"),
        (["data", "evidence"], [{"kind": "x"}], "data.evidence[0].kind", "'instrument'"),
        (["data", "realises"], "0", "data.realises", "valid dictionary"),
        (["time"], 1744257660, "time", "write an instant with offset, as text"),
        (["time"], "2025-04-10", "time", "write an instant with offset, as text"),
        (["knownfrom"], "2025-04-10T00:01:00", "knownfrom", "has no offset"),
        (["knownfrom"], "0001-01-01T00:00:00+12:00", "knownfrom", "out of range"),
        (["knownFrom"], "x", "knownFrom", "lower-case letters and digits, at most 20"),
        (["x\n"], "x", "x\n", "no such attribute"),
        (["a" * 21], "x", "a" * 21, "no such attribute"),
        (["data_base64"], "e30=", "data_base64", "no such attribute"),
        (["trace"], {"a": 1}, "trace", "a text, a whole number, true or false"),
        (["trace"], 1.5, "trace", "a text, a whole number, true or false"),
    ],
)
def test_a_fault_is_named_with_its_path_and_how_to_mend_it(path, value, where, what):
    found = faults(changed(path, value))
    assert where in found
    assert what in found[where]


def test_every_fault_is_named_at_once():
    event = measure("1")
    del event["data"]["action"]
    event["data"] |= {"importer": "Vietnam", "certanty": "rumour"}
    assert faults(event) == {
        "data.importer": "'Vietnam' is no country code; did you mean 'VN' (Vietnam)?",
        "data.action": "this field is required",
        "data.certanty": "no such field; did you mean `certainty`?",
    }


def test_a_missing_envelope_attribute_is_named():
    event = measure("1")
    del event["source"], event["data"]
    assert faults(event) == {"source": "this field is required", "data": "this field is required"}


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"effective_at": "2025-04-10", "until": "2025-04-10"}, "data"),
        ({"effective_at": "2025-04-10", "expires_at": "2025-04-01"}, "data"),
    ],
)
def test_ends_are_exclusive_and_lie_after_the_start(fields, where):
    assert "exclusive ends" in faults(measure("1", **fields))[where]


def test_an_end_without_a_start_is_fine():
    assert read_event(measure("1", until="2025-04-10")).data.until.day


@pytest.mark.parametrize(
    ("parties", "what"),
    [
        (["US"], "at least 2"),
        ([None, None], "at least one party is named"),
        (["US", "US"], "stands in the list once"),
    ],
)
def test_a_negotiation_has_two_parties_and_names_one(parties, what):
    listed = [{"code": code, "role": "counterpart"} for code in parties]
    assert any(what in said for said in faults(step("1", "outreach", parties=listed)).values())


def test_a_claim_is_about_another_event():
    assert faults(claim("1", "1")) == {"data.about": "a claim is about another event, not itself"}


def test_a_claim_carries_no_figures():
    assert "no such field" in faults(claim("2", "1", duty=percent("25")))["data.duty"]


def nested(levels):
    found = {}
    for _ in range(levels):
        found = {"a": [found]}
    return found


def test_what_is_passed_through_may_be_nested_but_not_endlessly():
    assert read_event(raw(measure("1", quota=nested(7)))).data.quota == nested(7)
    assert "nested deeper than 16" in faults(measure("1", quota=nested(8)))["data.quota"]
    assert "nested deeper" in faults(measure("1", exporters=[nested(8)]))["data.exporters[0]"]


def test_what_is_passed_through_is_an_object():
    assert "valid dictionary" in faults(measure("1", quota=[1]))["data.quota"]


class Counted(str):
    """A key that counts how often it is compared."""

    compared = 0
    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other):
        Counted.compared += 1
        return super().__eq__(other)


def test_a_key_that_stands_twice_is_looked_up_and_not_counted():
    names = [*(f"k{number}" for number in range(2_000)), "k1999"]
    Counted.compared = 0
    with pytest.raises(Unreadable, match="k1999: this key stands twice"):
        _DECODER.object_pairs_hook([(Counted(name), 0) for name in names])
    assert Counted.compared < 10 * len(names)


@pytest.mark.parametrize(
    ("bad", "where", "what"),
    [
        (b"", "", "not JSON: Expecting value at line 1 column 1"),
        (b"{", "", "not JSON"),
        (b'{"a": 1} x', "", "not JSON: Extra data"),
        (b'{"a": "\0"}', "", "not JSON: Invalid control character"),
        (b"[]", "", "an event is a JSON object"),
        (b'"text"', "", "an event is a JSON object"),
        (b"\xff{}", "", "not UTF-8: byte 0 is invalid start byte"),
        (b'{"id": "1", "data": {"a": 1, "a": 2}}', "a", "this key stands twice"),
        (b'{"data": NaN}', "", "NaN is not JSON"),
        (b'{"data": -Infinity}', "", "-Infinity is not JSON"),
        (b'{"data": 1e999}', "", "1e999 is too large"),
        (b'{"data": ' + b"9" * 5000 + b"}", "", "more than 40 digits"),
        (b'{"data": {"a": [0, "x\\u0000"]}}', "data.a[1]", "NUL"),
        (b'{"data": {"a\\u0000": 1}}', "data.a?", "NUL"),
        (b'{"data": {"a": "\\uD800"}}', "data.a", "surrogate"),
        (b'{"data": {"\\udfff": 1}}', "data.?", "surrogate"),
        (b"[" * 100_000, "", "nested too deeply"),
        (b"[" * 990 + b'"\\u0000"' + b"]" * 990, "", "nested too deeply"),
        (b'{"id": "' + b"x" * MAX_BYTES + b'"}', "", "an event may have 1048576 bytes"),
    ],
)
def test_what_our_books_could_not_hold_is_refused(bad, where, what):
    found = faults(bad)
    assert where in found
    assert what in found[where]


def test_escapes_that_only_look_dangerous_are_kept():
    assert decode(rb'{"a": "\\u0000", "b": "\ud83d\ude00"}') == {"a": r"\u0000", "b": "😀"}


def test_numbers_of_ordinary_size_are_kept():
    assert decode(b'{"a": 12345678901234567890, "b": 1.5, "c": -3}') == {
        "a": 12345678901234567890,
        "b": 1.5,
        "c": -3,
    }


def test_equal_content_has_equal_digests_whatever_the_order_of_keys_or_white_space():
    one, other = measure("1", rate="25"), measure("1", rate="25")
    other["data"] = dict(reversed(other["data"].items()))
    assert digest_of(decode(raw(one))) == digest_of(decode(json.dumps(other, indent=3).encode()))
    assert digest_of(one) != digest_of(measure("1", rate="26"))


def test_an_event_travels_on_the_topic_of_its_subject():
    assert topic_of(read_event(measure("1"))) == "tariffs"
    assert topic_of(read_event(step("1", "outreach"))) == "negotiations"
    assert topic_of(read_event(claim("2", "1"))) == "tariffs"
    assert topic_of(read_event(claim("2", "1") | {"subject": TRACK})) == "negotiations"


def test_an_unreadable_input_says_all_its_faults_in_one_line():
    error = Unreadable([Fault("id", "this field is required"), Fault("", "too long")])
    assert str(error) == "id: this field is required; too long"
    assert str(Unreadable([])) == Unreadable.__doc__


def test_a_path_is_written_as_people_write_it():
    assert path_of(("data", "citations", 0, "kind")) == "data.citations[0].kind"
    assert path_of(()) == ""


def test_faults_need_no_model_to_be_named():
    class Closed(BaseModel, extra="forbid"):
        table: dict[str, int] = {}

    with pytest.raises(ValueError, match="extra") as caught:
        Closed.model_validate({"tabel": 1})
    assert faults_of(caught.value)[0].what == "no such field"
    assert faults_of(caught.value, Closed)[0].what == "no such field; did you mean `table`?"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["id", "source", "type", "data", "specversion", "action", "duty"])
                | st.text(),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    ),
    st.sampled_from(["tariff.measure", "negotiation.step", "claim.assessed"]),
)
def test_no_input_whatever_does_worse_than_unreadable(found, kind):
    if isinstance(found, dict):
        found["type"] = kind
    with pytest.raises(Unreadable) as caught:
        read_event(json.dumps(found).encode("utf-8", "surrogatepass"))
    assert caught.value.faults
