"""How far a negotiation has come."""

import pytest

from service.core.event import Stage
from service.core.standing.track import track_key
from tests.core.builders import TRACK, claim, entry, history, read, stands, step


def track(*entries, at="2025-12-01"):
    return stands(history(*entries, subject=TRACK), at)


def told(*stages):
    months = range(1, 13)
    return [
        entry(step(f"{month}", stage), f"2025-{month:02}-01")
        for month, stage in zip(months, stages, strict=False)
    ]


@pytest.mark.parametrize(
    ("codes", "key"),
    [
        (["US", "CN"], "track:CN-US"),
        (["CN", "US"], "track:CN-US"),
        (["US", None], "track:US-*"),
        (["US", "MX", "CA"], "track:CA-MX-US"),
        (["US", None, "CA"], "track:CA-US-*"),
    ],
)
def test_a_track_is_an_unordered_set_of_parties(codes, key):
    parties = [{"code": code, "role": "counterpart"} for code in codes]
    assert track_key(read(step("1", "outreach", parties=parties)).data) == key


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage.rank is not None])
def test_a_stage_is_the_status(stage):
    found = track(*told(stage))
    assert (found.status, found.stage, found.state) == (stage, stage, None)


@pytest.mark.parametrize("state", [stage for stage in Stage if stage.rank is None])
def test_a_state_beside_the_track_is_the_status_while_it_is_the_latest(state):
    found = track(*told("under_way", state))
    assert (found.status, found.stage, found.state) == (state, "under_way", state)
    assert track(*told("under_way", state, "framework")).status == "framework"


def test_talks_that_only_ever_stalled_have_no_stage():
    found = track(*told("stalled"))
    assert (found.status, found.stage) == ("stalled", None)


def test_a_denied_step_does_not_count():
    held = [*told("outreach", "talks_scheduled"), entry(claim("c", "2", "denied"), "2025-03-01")]
    found = track(*held)
    assert found.stage == "outreach"
    assert [one.verdict for one in found.steps] == [None, "denied"]
    assert track(*held, at="2025-02-01").stage == "talks_scheduled"


def test_when_every_step_is_denied_so_are_the_talks():
    found = track(*told("outreach"), entry(claim("c", "1", "denied"), "2025-03-01"))
    assert (found.status, found.stage, found.state) == ("denied", None, None)


def rumoured(name, stage, month, **fields):
    return entry(step(name, stage, **({"certainty": "rumour"} | fields)), f"2025-{month:02}-01")


def test_hearsay_stands_beside_what_is_on_record():
    found = track(*told("under_way"), rumoured("r", "framework", 2, terms={"rate": "15"}))
    assert (found.status, found.certainty, found.terms) == ("under_way", "official_statement", None)
    assert [one.counts for one in found.steps] == [True, False]
    assert found.is_sure


def test_hearsay_is_all_there_is_until_something_is_on_record():
    rumour = rumoured("r", "framework", 1, certainty="unnamed")
    alone = track(rumour)
    assert (alone.status, alone.certainty, alone.is_sure) == ("framework", "unnamed", False)
    assert alone.steps[0].counts
    assert track(rumour, entry(step("2", "outreach"), "2025-02-01")).status == "outreach"


@pytest.mark.parametrize(
    ("verdict", "certainty", "status"),
    [
        ("confirmed", "official_statement", "framework"),
        ("confirmed", "rumour", "under_way"),
        ("disputed", "official_statement", "under_way"),
        ("denied", "official_statement", "under_way"),
    ],
)
def test_hearsay_counts_once_it_is_confirmed(verdict, certainty, status):
    word = entry(claim("c", "r", verdict, certainty=certainty), "2025-03-01")
    assert track(*told("under_way"), rumoured("r", "framework", 2), word).status == status


def test_a_retracted_step_is_gone():
    held = [*told("outreach", "framework"), entry(claim("c", "2"), "2025-03-01")]
    assert [one.stage for one in track(*held).steps] == ["outreach"]


def test_the_latest_terms_stand_until_others_are_stated():
    first = entry(step("1", "framework", terms={"rate": "15"}), "2025-01-01")
    later = entry(step("2", "agreement_signed", occurs_at="2025-02-03"), "2025-02-01")
    found = track(first, later)
    assert found.terms == {"rate": "15"}
    assert found.occurs_at.day.isoformat() == "2025-02-03"
    assert (found.parties, found.unnamed) == (("CN", "US"), False)
