"""What to do at the border: what a cited text says, and nothing where it is silent."""

from dataclasses import astuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.language import ENGLISH
from service.core.message.letter import letter
from service.core.sentence.todo import MOST_DEEDS, to_do
from tests.core.builders import entry, measure, replay, step, threat
from tests.core.message.golden.written import ADDRESSED, change_of
from tests.core.sentence.test_due import BASE, START, law, struck

LAW = {"instrument": {"kind": "executive_order", "number": "EO 14257"}}


def change_with(apply, **fields):
    event = measure("m", rate="10", apply=apply, **(LAW | fields))
    return replay([entry(event, "2025-04-02")])[1][-1].change


def said(apply, **fields):
    return [one.said for one in to_do(ENGLISH, change_with(apply, **fields))]


@pytest.mark.parametrize(
    ("apply", "expected"),
    [
        ({"date_test": "loading"}, "What counts is the date on which the goods were loaded."),
        ({"declare": ["9903.01.63"]}, "Declare 9903.01.63."),
        (
            {"claim": [{"code": "9903.01.33", "text": "US content"}]},
            "Claim 9903.01.33: US content.",
        ),
        ({"claim": "9903.01.33"}, "Claim 9903.01.33."),
        (
            {"in_transit": {"loaded_before": "2025-04-05T00:01:00-04:00"}},
            "Does not apply to goods loaded before 5 Apr 2025 00:01 New York.",
        ),
        (
            {"in_transit": {"entered_before": "2025-05-27", "modes": ["vessel", 3, "pipeline"]}},
            (
                "Does not apply to goods entered before 27 May 2025."
                " This holds for transport by sea and pipeline."
            ),
        ),
        ({"drawback": True}, "Drawback is available."),
        ({"ftz": "domestic"}, "Goods admitted to a foreign-trade zone may have domestic status."),
    ],
)
def test_each_field_is_a_sentence_with_its_citation(apply, expected):
    (found,) = to_do(ENGLISH, change_with(apply))
    assert (found.about, found.said, found.cite) == (next(iter(apply)), expected, "EO 14257")


def test_an_item_may_cite_its_own_passage():
    (found,) = to_do(
        ENGLISH, change_with({"declare": [{"code": "9903.01", "citation": "90 FR 15041, 2(b)"}]})
    )
    assert found.cite == "90 FR 15041, 2(b)"


@pytest.mark.parametrize(
    "apply",
    [
        None,
        {},
        {"date_test": None, "declare": [], "in_transit": None},
        {"date_test": "whim", "drawback": "perhaps", "ftz": True, "in_transit": "yes"},
        {"declare": [" ", {"text": "no code"}, 7], "claim": [{"code": ""}]},
        {"in_transit": {"loaded_before": "soon", "modes": "vessel"}},
        {"in_transit": {"modes": ["vessel"]}},
    ],
)
def test_where_the_text_is_silent_or_unreadable_nothing_is_said(apply):
    assert said(apply) == []


def test_what_is_not_law_or_cites_nothing_demands_nothing():
    demand = {"declare": ["9903.01.63"]}
    assert said(demand, instrument=None) == []
    assert said(demand, certainty="reported") == []
    said_of_talks = replay([entry(step("s", "outreach"), "2025-04-02")], "track:CN-US")
    assert to_do(ENGLISH, said_of_talks[1][-1].change) == ()
    threatened = replay([entry(threat("t", rate="9", apply=demand, **LAW), "2025-04-02")])
    assert to_do(ENGLISH, threatened[1][-1].change) == ()
    assert to_do(ENGLISH, change_of("us-cn-recip-125")) == ()


def test_there_is_an_end_to_what_a_mail_lists():
    assert len(said({"declare": [f"{code}" for code in range(1000, 1099)]})) == MOST_DEEDS


def test_words_of_an_event_are_escaped_in_a_page():
    written = letter(change_with({"declare": ["<b>1</b>"]}), ADDRESSED)
    assert "Declare &lt;b&gt;1&lt;/b&gt;. (EO 14257)" in written.html
    assert "Declare <b>1</b>. (EO 14257)" in written.text


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=20) | st.integers(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=6,
    ),
    st.sampled_from(["date_test", "declare", "claim", "in_transit", "drawback", "ftz"]),
)
def test_whatever_stands_there_it_is_lines_or_nothing(given_value, field):
    for one in to_do(ENGLISH, change_with({field: given_value})):
        assert all(part.isprintable() and part for part in astuple(one))


def test_what_ends_by_itself_asks_for_nothing_any_more():
    """Of an exemption that has run out nothing can be claimed; of what ends it, what it says."""
    ends = law(rate="5", effective_at="2025-04-01", until=START, apply={"declare": ["9903.01"]})
    relief = {"effective_at": "2025-04-02", "until": START, "apply": {"claim": ["9903.02"]}}
    end = law("end", "terminated", effective_at=START, apply={"claim": ["9903.03"]})
    told = [
        [one.said for one in to_do(ENGLISH, struck(events))]
        for events in ([ends], [BASE, law("off", "exempted", **relief)], [BASE, end])
    ]
    assert told == [[], [], ["Claim 9903.03."]]


def test_what_begins_by_itself_asks_for_what_its_text_says():
    begins = law(rate="5", effective_at=START, apply={"declare": ["9903.01"]})
    for lead in (None, 7):
        (found,) = to_do(ENGLISH, struck([begins], 0, lead))
        assert (found.said, found.cite) == ("Declare 9903.01.", "EO 14266")
