"""From an event and a history to a change, or to the reason why there is none."""

from decimal import Decimal

import pytest

from service.core.change import Kind, Severity
from service.core.change.derive import Outcome, derive, weigh
from service.core.standing.history import History
from tests.core.builders import (
    OTHER_SOURCE,
    SOURCE,
    SUBJECT,
    TRACK,
    claim,
    entry,
    history,
    measure,
    percent,
    ref,
    replay,
    step,
    threat,
)

LAW = entry(
    measure("law", announced_at="2025-01-01", effective_at="2025-02-01T00:00Z", rate="10"),
    "2025-01-01",
)
SOFAS = {"scope": "codes", "include": ["9401.61"]}


def after(*entries, subject=SUBJECT):
    """What the last of the entries derives to, the others being held."""
    *held, last = entries
    return weigh(last, replay(held, subject)[0])


def change(*entries, subject=SUBJECT):
    derived = after(*entries, subject=subject)
    assert derived.outcome is Outcome.CHANGED, derived.reason
    return derived.change


def kinds(*entries, subject=SUBJECT):
    return list(change(*entries, subject=subject).kinds)


def law(name, action, known, **fields):
    return entry(measure(name, action, announced_at=known, **fields), f"{known}T12:00")


def report(name, known="2025-03-01", **fields):
    return entry(measure(name, **({"certainty": "reported"} | fields)), known)


# What becomes of an event.


def test_derive_gives_the_change_of_weigh_or_none():
    assert derive(LAW, History(SUBJECT)) == weigh(LAW, History(SUBJECT)).change
    assert derive(LAW, history(LAW)) is None


def test_what_moves_something_changed_and_says_what():
    derived = after(LAW)
    assert derived.outcome is Outcome.CHANGED
    assert derived.reason == "changed measure:us-test-cn: measure_announced"


def test_an_event_already_held_is_a_duplicate():
    derived = after(LAW, LAW)
    assert derived.outcome is Outcome.DUPLICATE
    assert "already" in derived.reason
    assert derived.change is None


def test_history_builds_the_standing_and_alerts_nobody():
    derived = after(entry(measure("1", handling="history", rate="10"), "2025-01-01"))
    assert derived.outcome is Outcome.HISTORY
    assert "alerts nobody" in derived.reason
    assert derived.change is None


def test_history_is_the_standing_before_the_next_change():
    old = entry(
        measure("1", handling="history", rate="10", effective_at="2024-01-01"), "2024-01-01"
    )
    found = change(old, law("2", "increased", "2025-01-01", effective_at="2025-02-01", rate="25"))
    assert found.delta_pp == 15
    assert found.sequence == 1
    assert found.previous is None


def test_a_second_source_for_a_known_fact_is_evidence_only():
    again = measure(
        "2",
        announced_at="2025-01-01",
        effective_at="2025-02-01T00:00Z",
        rate="10",
        source=OTHER_SOURCE,
    )
    derived = after(LAW, entry(again, "2025-01-05"))
    assert derived.outcome is Outcome.EVIDENCE_ONLY
    assert "kept as evidence" in derived.reason


def test_a_report_that_repeats_a_report_is_evidence_only():
    derived = after(report("1", rate="25"), report("2", "2025-03-02", rate="25"))
    assert derived.outcome is Outcome.EVIDENCE_ONLY
    assert "at least as sure" in derived.reason


def test_a_surer_source_of_the_same_report_is_news():
    rumour = report("1", rate="25", certainty="rumour")
    assert kinds(rumour, report("2", "2025-03-02", rate="25")) == ["claim_made"]


def test_a_threat_repeated_by_a_lesser_source_is_evidence_only():
    first = entry(threat("1", rate="50"), "2025-03-01")
    again = entry(threat("2", rate="50", certainty="rumour"), "2025-03-02")
    assert after(first, again).outcome is Outcome.EVIDENCE_ONLY


def test_a_threat_made_again_after_it_was_withdrawn_is_news():
    first = entry(threat("1", rate="50"), "2025-03-01")
    back = entry(
        measure("2", "threat_withdrawn", certainty="official_statement", withdraws=ref("1")),
        "2025-03-02",
    )
    assert kinds(first, back, entry(threat("3", rate="50"), "2025-03-03")) == ["threat_issued"]


def test_a_threat_of_another_rate_is_news():
    first = entry(threat("1", rate="50"), "2025-03-01")
    assert kinds(first, entry(threat("2", rate="100"), "2025-03-02")) == ["threat_issued"]


@pytest.mark.parametrize(
    "fields",
    [
        {"effective_at": "2025-02-01T00:00Z", "rate": "12"},
        {"rate": "12"},
        {},
    ],
)
def test_a_report_of_what_law_says_better_is_a_weaker_claim(fields):
    derived = after(LAW, report("2", **fields))
    assert derived.outcome is Outcome.WEAKER_CLAIM
    assert derived.reason == "reported is weaker than what is known of the same step"


def test_a_report_of_another_date_or_step_is_news():
    later = report("2", effective_at="2025-08-01", rate="12")
    assert kinds(LAW, later) == ["claim_made"]
    assert kinds(LAW, report("3", action="suspended")) == ["claim_made"]


def test_a_declaration_that_contradicts_the_text_of_the_same_step_is_a_weaker_claim():
    said = measure(
        "2",
        announced_at="2025-01-01",
        effective_at="2025-02-01T00:00Z",
        rate="12",
        certainty="announced",
    )
    derived = after(LAW, entry(said, "2025-01-02"))
    assert derived.outcome is Outcome.WEAKER_CLAIM
    assert "announced is weaker" in derived.reason


def test_a_declaration_that_repeats_the_text_is_evidence_only():
    said = measure(
        "2",
        announced_at="2025-01-05",
        effective_at="2025-02-01T00:00Z",
        rate="10",
        certainty="announced",
    )
    assert after(LAW, entry(said, "2025-01-05")).outcome is Outcome.EVIDENCE_ONLY


def test_a_threat_is_never_weaker_than_law_nor_law_stronger_than_a_threat():
    assert kinds(LAW, entry(threat("2", certainty="rumour"), "2025-03-01")) == ["threat_issued"]


@pytest.mark.parametrize("certainty", ["official_statement", "rumour"])
def test_a_verdict_given_again_is_evidence_only(certainty):
    held = [entry(threat("1"), "2025-03-01"), entry(claim("2", "1", "denied"), "2025-03-02")]
    again = entry(claim("3", "1", "denied", certainty=certainty), "2025-03-03")
    derived = after(*held, again)
    assert derived.outcome is Outcome.EVIDENCE_ONLY
    assert "verdict was known" in derived.reason


def test_a_verdict_on_a_stronger_rung_is_news():
    held = [entry(threat("1"), "2025-03-01"), entry(claim("2", "1", "denied"), "2025-03-02")]
    surer = entry(claim("3", "1", "denied", certainty="announced"), "2025-03-03")
    assert kinds(*held, surer) == ["claim_denied"]


def test_a_verdict_is_news_again_once_it_had_been_overturned():
    held = [
        entry(threat("1"), "2025-03-01"),
        entry(claim("2", "1", "denied"), "2025-03-02"),
        entry(claim("3", "1", "confirmed"), "2025-03-03"),
    ]
    assert kinds(*held, entry(claim("4", "1", "denied"), "2025-03-04")) == ["claim_denied"]


def test_a_retraction_is_news_again_once_it_had_been_retracted():
    held = [
        LAW,
        entry(claim("2", "law"), "2025-03-02"),
        entry(claim("3", "2"), "2025-03-03"),
    ]
    again = change(*held, entry(claim("4", "law"), "2025-03-04"))
    assert again.kinds == (Kind.CORRECTION,)
    assert again.after is None


# What a change made by law is called.


def test_a_measure_first_heard_of_is_announced_and_adds_all_of_its_rate():
    found = change(LAW)
    assert found.kinds == (Kind.MEASURE_ANNOUNCED,)
    assert found.headline is Kind.MEASURE_ANNOUNCED
    assert found.delta_pp == 10
    assert found.before is None
    assert found.after.status == "scheduled"


def test_what_comes_in_lieu_of_other_duties_has_no_comparable_delta():
    found = change(
        law(
            "1",
            "imposed",
            "2025-01-01",
            effective_at="2025-02-01",
            duty=percent("15", "additional_in_lieu"),
        )
    )
    assert found.delta_pp is None


def test_a_measure_of_unknown_rate_has_no_delta():
    assert change(law("1", "imposed", "2025-01-01")).delta_pp is None


@pytest.mark.parametrize(
    ("action", "rate", "kind", "delta"),
    [
        ("increased", "25", "rate_increased", "15"),
        ("decreased", "4", "rate_decreased", "-6"),
        ("amended", "25", "rate_increased", "15"),
        ("increased", "4", "rate_decreased", "-6"),
        ("imposed", "25", "rate_increased", "15"),
    ],
)
def test_the_headline_says_which_way_the_rate_really_went(action, rate, kind, delta):
    found = change(LAW, law("2", action, "2025-03-01", effective_at="2025-04-01", rate=rate))
    assert found.kinds == (Kind(kind),)
    assert found.delta_pp == Decimal(delta)
    assert (found.old.percent, found.new.percent) == (10, Decimal(rate))


def test_a_rate_that_cannot_be_compared_changed_without_a_delta():
    floor = law(
        "2", "amended", "2025-03-01", effective_at="2025-04-01", duty=percent("15", "total")
    )
    found = change(LAW, floor)
    assert (found.kinds, found.delta_pp) == ((Kind.RATE_CHANGED,), None)


def test_a_rate_that_becomes_unknown_changed():
    found = change(LAW, law("2", "increased", "2025-03-01", effective_at="2025-04-01"))
    assert (found.kinds, found.delta_pp) == ((Kind.RATE_CHANGED,), None)


def test_a_correction_says_which_way_the_rate_went():
    corrected = law("2", "corrected", "2025-03-01", effective_at="2025-02-01T00:00Z", rate="12")
    found = change(LAW, corrected)
    assert found.kinds == (Kind.CORRECTION, Kind.RATE_INCREASED)
    assert found.delta_pp == 2


def test_a_text_that_makes_a_declaration_sure_confirms_it():
    said = entry(
        measure(
            "1",
            certainty="announced",
            announced_at="2025-01-01",
            effective_at="2025-02-01T00:00Z",
            rate="10",
        ),
        "2025-01-01",
    )
    text = entry(
        measure("2", announced_at="2025-01-03", effective_at="2025-02-01T00:00Z", rate="10"),
        "2025-01-03",
    )
    found = change(said, text)
    assert found.kinds == (Kind.CLAIM_CONFIRMED,)
    assert found.delta_pp is None
    assert (found.before.certainty, found.after.certainty) == ("announced", "instrument")


def test_law_that_carries_out_a_report_is_announced_as_law():
    realised = law("2", "imposed", "2025-03-05", effective_at="2025-04-01", realises=ref("1"))
    assert kinds(report("1", rate="25"), realised) == ["measure_announced"]


def test_a_delay_moves_the_date_and_says_from_where():
    found = change(LAW, law("2", "delayed", "2025-01-20", effective_at="2025-03-01T00:00Z"))
    assert found.kinds == (Kind.EFFECTIVE_DATE_MOVED,)
    assert found.moved_from.at.month == 2
    assert found.effective_at.at.month == 3


def test_a_delay_of_a_later_step_says_from_where():
    ahead = law("2", "increased", "2025-01-05", effective_at="2025-06-01T00:00Z", rate="20")
    found = change(LAW, ahead, law("3", "delayed", "2025-05-01", effective_at="2025-09-01T00:00Z"))
    assert found.kinds[0] is Kind.EFFECTIVE_DATE_MOVED
    assert found.moved_from.at.month == 6


def test_a_date_set_for_what_had_none_is_a_date_moved():
    undated = law("1", "imposed", "2025-01-01", rate="10")
    for dated in (
        law("2", "imposed", "2025-01-20", effective_at="2025-03-01", rate="10"),
        law("2", "delayed", "2025-01-20", effective_at="2025-03-01"),
    ):
        found = change(undated, dated)
        assert (found.kinds, found.moved_from) == ((Kind.EFFECTIVE_DATE_MOVED,), None)


def test_a_rate_announced_without_a_date_is_news_with_its_delta():
    found = change(LAW, law("2", "increased", "2025-03-01", rate="25"))
    assert (found.kinds, found.delta_pp) == ((Kind.RATE_INCREASED,), 15)
    assert found.after.duty.percent == 10
    assert found.after.upcoming[0].start is None
    assert change(law("1", "imposed", "2025-01-01", rate="10")).delta_pp == 10


def test_an_end_that_lies_ahead_is_news_now():
    found = change(LAW, law("2", "terminated", "2025-03-01", effective_at="2025-09-01"))
    assert found.kinds == (Kind.ENDED,)
    assert (found.before.expires_at, found.after.expires_at.day.month) == (None, 9)
    assert found.after.status == "in_force"


def test_an_amendment_of_whose_goods_or_which_changes_the_scope():
    found = change(LAW, law("2", "amended", "2025-03-01", product=SOFAS))
    assert (found.kinds, found.delta_pp) == ((Kind.SCOPE_CHANGED,), None)
    wider = {"kind": "country", "members": ["CN", "HK"]}
    assert kinds(LAW, law("2", "amended", "2025-03-01", origin=wider)) == ["scope_changed"]
    assert kinds(LAW, law("2", "corrected", "2025-03-01", product=SOFAS)) == ["correction"]
    assert after(LAW, law("2", "amended", "2025-03-01")).outcome is Outcome.EVIDENCE_ONLY


def test_a_suspension_is_suspended():
    found = change(
        LAW, law("2", "suspended", "2025-03-01", effective_at="2025-04-01", until="2025-07-01")
    )
    assert found.kinds == (Kind.SUSPENDED,)
    assert (found.old.percent, found.new, found.delta_pp) == (10, None, None)
    assert found.until.day.month == 7


def test_a_suspension_with_a_rate_of_its_own_says_which_way_it_goes():
    found = change(
        LAW, law("2", "suspended", "2025-03-01", effective_at="2025-04-01", duty=percent("3"))
    )
    assert found.kinds == (Kind.SUSPENDED, Kind.RATE_DECREASED)
    assert found.delta_pp == -7


def test_an_extension_moves_the_end_and_no_rate():
    paused = law("2", "suspended", "2025-03-01", effective_at="2025-04-01", until="2025-07-01")
    found = change(LAW, paused, law("3", "extended", "2025-06-20", until="2025-10-01"))
    assert found.kinds == (Kind.EFFECTIVE_DATE_MOVED,)
    assert found.delta_pp is None
    assert found.moved_from.day.month == 7
    assert found.until.day.month == 10


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("resumed", "resumed"),
        ("terminated", "ended"),
        ("expired", "ended"),
        ("struck_down", "ended"),
    ],
)
def test_a_paused_measure_resumes_or_ends(action, kind):
    paused = law("2", "suspended", "2025-03-01", effective_at="2025-03-02")
    assert kinds(LAW, paused, law("3", action, "2025-05-01")) == [kind]


def test_an_exemption_is_granted_and_ended_and_leaves_the_rate():
    granted = law("2", "exempted", "2025-04-11", product=SOFAS, rate="0")
    found = change(LAW, granted)
    assert (found.kinds, found.delta_pp) == ((Kind.EXEMPTION_GRANTED,), None)
    ended = law("3", "exemption_ended", "2025-06-01", product=SOFAS)
    assert kinds(LAW, granted, ended) == ["exemption_ended"]


@pytest.mark.parametrize("action", ["scope_extended", "scope_reduced"])
def test_goods_added_or_taken_change_the_scope(action):
    assert kinds(LAW, law("2", action, "2025-04-11", product=SOFAS)) == ["scope_changed"]


def test_a_ruling_is_a_ruling_even_while_stayed():
    assert kinds(LAW, law("2", "ruled_unlawful", "2025-05-28", stayed=True)) == ["ruling"]


def test_a_ruling_in_effect_ends_the_measure():
    found = change(LAW, law("2", "ruled_unlawful", "2025-05-28", stayed=False))
    assert found.kinds == (Kind.RULING, Kind.ENDED)
    assert found.after.status == "struck_down"


@pytest.mark.parametrize(
    "action", ["investigation_opened", "determination_preliminary", "determination_final"]
)
def test_an_investigation_is_an_investigation(action):
    assert kinds(law("1", action, "2025-01-01", rate="8")) == ["investigation"]


def test_an_authority_to_levy_is_announced():
    assert kinds(law("1", "authorised", "2025-01-01")) == ["measure_announced"]


# What a change made by a claim is called.


def test_a_threat_is_issued_and_withdrawn():
    issued = entry(threat("1", rate="50"), "2025-03-01")
    assert kinds(issued) == ["threat_issued"]
    back = measure("2", "threat_withdrawn", certainty="official_statement", withdraws=ref("1"))
    assert kinds(issued, entry(back, "2025-04-01")) == ["threat_withdrawn"]


def test_a_threat_shows_no_rate_that_moves():
    found = change(LAW, entry(threat("1", rate="50", effective_at="2025-06-01"), "2025-03-01"))
    assert (found.delta_pp, found.old, found.new) == (None, found.new, found.old)
    assert found.severity is Severity.MEDIUM


@pytest.mark.parametrize(
    ("verdict", "kind"),
    [
        ("confirmed", "claim_confirmed"),
        ("denied", "claim_denied"),
        ("disputed", "claim_disputed"),
        ("retracted", "correction"),
    ],
)
def test_a_verdict_is_an_alert_threaded_to_what_it_is_about(verdict, kind):
    first = entry(threat("1", rate="50"), "2025-03-01")
    other = entry(threat("2", rate="60"), "2025-03-02")
    held, derived = replay([first, other])
    found = weigh(entry(claim("3", "1", verdict), "2025-03-05"), held).change
    assert found.kinds == (Kind(kind),)
    assert found.previous == derived[0].change.id
    assert found.sequence == 3
    assert found.action == verdict
    assert found.assessment.about.identity == (SOURCE, "1")
    assert found.about == first.event.data


def test_a_retraction_says_which_rate_it_restores():
    raised = law("2", "increased", "2025-03-01", effective_at="2025-03-02", rate="25")
    found = change(LAW, raised, entry(claim("3", "2"), "2025-05-01"))
    assert found.kinds == (Kind.CORRECTION, Kind.RATE_DECREASED)
    assert found.delta_pp == -15


def test_a_retraction_of_what_lies_ahead_says_what_it_saves():
    raised = law("2", "increased", "2025-03-01", effective_at="2025-09-01", rate="25")
    found = change(LAW, raised, entry(claim("3", "2"), "2025-05-01"))
    assert found.kinds == (Kind.CORRECTION, Kind.RATE_DECREASED)


def test_a_verdict_on_a_verdict_speaks_of_the_same_facts():
    first = entry(threat("1"), "2025-03-01")
    denied = entry(claim("2", "1", "denied"), "2025-03-02")
    found = change(first, denied, entry(claim("3", "2", "disputed"), "2025-03-03"))
    assert found.about == first.event.data


# What a change made by a step in talks is called.


def talks(*stages):
    return [
        entry(step(f"{place}", stage), f"2025-{place:02}-01")
        for place, stage in enumerate(stages, 1)
    ]


@pytest.mark.parametrize(
    ("stages", "expected"),
    [
        (["outreach"], ["negotiation_opened"]),
        (["outreach", "talks_scheduled"], ["stage_advanced"]),
        (["under_way", "talks_expected"], ["stage_regressed"]),
        (["framework"], ["agreement_reached", "negotiation_opened"]),
        (["under_way", "framework"], ["agreement_reached", "stage_advanced"]),
        (["framework", "agreement_signed"], ["agreement_reached", "stage_advanced"]),
        (["under_way", "stalled"], ["stage_regressed"]),
        (["under_way", "terminated"], ["talks_ended"]),
        (["stalled"], ["stage_regressed"]),
        (["stalled", "under_way"], ["stage_advanced"]),
        (["under_way", "stalled", "under_way"], ["stage_advanced"]),
        (["framework", "stalled", "framework"], ["stage_advanced"]),
        (["under_way", "denied"], ["claim_denied"]),
        (["framework", "suspended", "talks_expected"], ["stage_advanced"]),
        (["under_way", "terminated", "outreach"], ["stage_advanced"]),
    ],
)
def test_talks_open_advance_agree_regress_and_end(stages, expected):
    assert kinds(*talks(*stages), subject=TRACK) == expected


def hearsay(name, stage, known, **fields):
    return entry(step(name, stage, **({"certainty": "unnamed"} | fields)), known)


@pytest.mark.parametrize("stage", ["framework", "outreach", "terminated", "denied"])
def test_hearsay_beside_what_is_on_record_is_a_claim(stage):
    assert kinds(*talks("under_way"), hearsay("r", stage, "2025-03-01"), subject=TRACK) == [
        "claim_made"
    ]


def test_hearsay_of_what_is_known_is_evidence_only():
    known = hearsay("r", "under_way", "2025-03-01")
    assert after(*talks("under_way"), known, subject=TRACK).outcome is Outcome.EVIDENCE_ONLY
    heard = [*talks("under_way"), hearsay("r", "framework", "2025-03-01")]
    again = hearsay("s", "framework", "2025-03-02", certainty="rumour")
    assert after(*heard, again, subject=TRACK).outcome is Outcome.EVIDENCE_ONLY


def test_what_comes_on_record_is_no_step_back_from_hearsay():
    heard = hearsay("r", "framework", "2025-01-01")
    first = entry(step("1", "outreach"), "2025-02-01")
    assert kinds(heard, first, subject=TRACK) == ["stage_advanced"]
    assert kinds(heard, hearsay("s", "outreach", "2025-02-01"), subject=TRACK) == [
        "stage_regressed"
    ]


def test_the_same_stage_again_is_evidence_only():
    assert after(*talks("outreach", "outreach"), subject=TRACK).outcome is Outcome.EVIDENCE_ONLY


def test_a_step_moves_no_rate_and_shows_when_it_occurs():
    found = change(
        entry(step("1", "talks_scheduled", occurs_at="2025-05-10"), "2025-05-07"), subject=TRACK
    )
    assert (found.delta_pp, found.old, found.days, found.retroactive) == (None, None, None, False)
    assert found.effective_at.day.day == 10
    assert found.action == "talks_scheduled"
    assert found.citations == ()


# What a change tells.


def test_a_change_keeps_both_snapshots_and_what_caused_it():
    evidence = [{"kind": "instrument", "title": "EO"}]
    eo = {"kind": "executive_order", "number": "14266"}
    raised = law(
        "2",
        "increased",
        "2025-03-01",
        effective_at="2025-03-10T00:00Z",
        rate="125",
        evidence=evidence,
        instrument=eo,
    )
    found = change(LAW, raised)
    assert (found.before.duty.percent, found.after.upcoming[0].duty.percent) == (10, 125)
    assert (found.event, found.event_type) == ((SOURCE, "2"), "tariff.measure")
    assert (found.certainty, found.mode) == ("instrument", "live")
    assert found.severity is Severity.CRITICAL
    assert (found.days, found.retroactive) == (8, False)
    assert found.citations[0].number == "14266"
    assert found.evidence[0].title == "EO"
    assert found.announced_at.day.month == 3
    assert (found.known_at, found.seen_at) == (raised.known_at, raised.seen_at)


@pytest.mark.parametrize(
    ("announced", "effective", "retroactive"),
    [
        ("2025-03-10", "2025-03-01", True),
        ("2025-03-10", "2025-03-10", False),
        ("2025-03-10", "2025-03-10T00:01:00-04:00", False),
        ("2025-03-10T15:00:00-04:00", "2025-03-10T00:01:00-04:00", True),
        ("2025-03-10", "2025-03-11", False),
        (None, "2025-03-01", True),
        ("2025-03-10", None, False),
    ],
)
def test_what_takes_effect_before_it_was_announced_is_retroactive(
    announced, effective, retroactive
):
    raised = measure("2", "increased", announced_at=announced, effective_at=effective, rate="25")
    found = change(LAW, entry(raised, "2025-03-12"))
    assert found.retroactive is retroactive
    assert (found.days is not None) == (effective is not None)


def test_a_claim_is_never_retroactive():
    assert not change(LAW, report("2", effective_at="2025-02-15", action="increased")).retroactive


def test_a_change_continues_what_its_event_carries_out_or_takes_back():
    first = entry(threat("1", rate="50"), "2025-03-01")
    other = entry(threat("2", rate="60"), "2025-03-02")
    held, derived = replay([first, other])
    done = law("3", "imposed", "2025-03-05", rate="50", realises=ref("1"))
    back = entry(
        measure("4", "threat_withdrawn", certainty="announced", withdraws=ref("2")), "2025-03-05"
    )
    unseen = law("5", "imposed", "2025-03-05", rate="50", realises=ref("elsewhere"))
    assert weigh(done, held).change.previous == derived[0].change.id
    assert weigh(back, held).change.previous == derived[1].change.id
    assert weigh(unseen, held).change.previous == derived[1].change.id


def test_what_is_carried_out_may_have_been_said_of_another_measure():
    said = entry(threat("1", rate="50", measure="other"), "2025-03-01")
    elsewhere = replay([said], "measure:other")[0].by_identity
    done = law("3", "imposed", "2025-03-05", rate="50", realises=ref("1"))
    held = history()
    found = weigh(done, held, elsewhere).change
    assert found.carries_out.event == said.identity
    assert found.carries_out.change == elsewhere[said.identity].change
    assert (found.carries_out.duty, found.takes_back) == (said.event.data.duty, None)
    assert found.previous is None  # its own subject's changes follow one another
    assert weigh(done, held).change.carries_out is None


def test_a_change_continues_what_it_settles_before_the_last_of_its_own_subject():
    said = entry(threat("1", rate="50", measure="other"), "2025-03-01")
    elsewhere = replay([said], "measure:other")[0].by_identity
    held, derived = replay([LAW])
    own, their = derived[0].change.id, elsewhere[said.identity].change
    done = law("3", "increased", "2025-03-05", rate="50", realises=ref("1"))
    assert weigh(done, held, elsewhere).change.continues == (their, own)
    assert weigh(done, held).change.continues == (own,)
    assert weigh(done, history(), elsewhere).change.continues == (their,)
    assert weigh(done, history()).change.continues == ()
    assert derived[0].change.continues == ()


def test_a_change_that_settles_the_last_of_its_own_subject_continues_it_once():
    said = entry(threat("1", rate="50"), "2025-03-01")
    held, derived = replay([said])
    done = law("3", "imposed", "2025-03-05", rate="50", realises=ref("1"))
    assert weigh(done, held).change.continues == (derived[0].change.id,)


def test_what_was_taken_back_elsewhere_is_continued():
    said = entry(threat("1", rate="50", measure="other"), "2025-03-01")
    elsewhere = replay([said], "measure:other")[0].by_identity
    held, derived = replay([LAW])
    back = entry(
        measure("4", "threat_withdrawn", certainty="announced", withdraws=ref("1")), "2025-03-05"
    )
    taken, own = elsewhere[said.identity].change, derived[0].change.id
    assert weigh(back, held, elsewhere).change.continues == (taken, own)


def test_a_threat_that_another_measure_carried_out_can_be_made_again():
    """Whether that law still stands is not known here."""
    said, again = (entry(threat(name, rate="50"), "2025-03-01") for name in ("1", "2"))
    done = entry(measure("3", measure="other", rate="50", realises=ref("1")), "2025-03-05")
    held = replay([said])[0]
    assert weigh(again, held).outcome is Outcome.EVIDENCE_ONLY
    assert weigh(again, held.with_echo(done)).change.kinds == (Kind.THREAT_ISSUED,)
    assert weigh(again, held.with_entry(done)).outcome is Outcome.EVIDENCE_ONLY
    ours = entry(measure("4", rate="50", realises=ref("1")), "2025-03-05")
    assert weigh(again, held.with_echo(done).with_entry(ours)).outcome is Outcome.EVIDENCE_ONLY


def test_a_change_about_an_event_that_made_none_continues_the_last():
    held, derived = replay([LAW, report("2", "2025-03-01")])
    assert derived[1].outcome is Outcome.WEAKER_CLAIM
    found = weigh(entry(claim("3", "2", "denied"), "2025-03-05"), held).change
    assert found.previous == derived[0].change.id


def test_a_test_alerts_and_never_touches_a_standing():
    trial = entry(
        measure(
            "t",
            "increased",
            handling="test",
            announced_at="2025-03-01",
            effective_at="2025-03-02",
            rate="99",
        ),
        "2025-03-01",
    )
    held, derived = replay([LAW, trial])
    assert derived[1].change.mode == "test"
    assert derived[1].change.sequence == 0
    assert held == replay([LAW])[0]


def test_a_simulated_event_says_so():
    found = change(entry(measure("1", handling="simulated", rate="10"), "2025-01-01"))
    assert (found.mode, found.sequence) == ("simulated", 1)


def test_a_late_event_changes_what_it_would_have_changed_by_what_is_known_now():
    raised = law("3", "increased", "2025-04-01", effective_at="2025-04-02T00:00Z", rate="30")
    late = entry(
        measure(
            "2", "increased", announced_at="2025-03-01", effective_at="2025-03-02T00:00Z", rate="20"
        ),
        "2025-05-01",
    )
    assert change(LAW, late).delta_pp == 10
    past = change(LAW, raised, late)  # what was owed in March is news, though April stands
    assert (past.kinds, past.old.percent, past.new.percent) == (("rate_increased",), 10, 20)
    assert past.before.applied == past.after.applied


def test_a_change_is_judged_no_earlier_than_what_was_judged_before():
    held = entry(LAW.event.model_dump(mode="json", exclude_none=True), "2025-01-01", "2025-06-01")
    raised = law("2", "increased", "2025-02-20", effective_at="2025-03-01", rate="25")
    assert change(held, raised).before.status == "in_force"


def test_a_snapshot_is_bounded_and_says_how_much_it_leaves_out():
    threats = [threat(f"t{n:03}", rate=str(n + 1)) for n in range(60)]
    last = replay([entry(one, "2025-03-01") for one in threats])[1][-1].change
    assert (len(last.before.claims), last.before.earlier_claims) == (50, 9)
    assert (len(last.after.claims), last.after.earlier_claims) == (50, 10)
    stages = ["under_way", "outreach"] * 30
    steps = [step(f"s{n:03}", stage) for n, stage in enumerate(stages)]
    told = replay([entry(one, "2025-03-01") for one in steps], TRACK)[1][-1].change
    assert (len(told.after.steps), told.after.earlier_steps) == (50, 10)


def test_a_verdict_that_a_later_one_overrules_alerts_nobody():
    said = entry(threat("said"), "2025-03-01")
    confirmed = entry(claim("yes", "said", "confirmed"), "2025-03-03")
    late = entry(claim("no", "said", "denied"), "2025-03-02")
    held = replay([said, confirmed])[0]
    assert weigh(late, held).outcome is Outcome.EVIDENCE_ONLY
    gone = replay([said, entry(claim("back", "said", "retracted"), "2025-03-04")])[0]
    assert weigh(entry(claim("so", "said", "confirmed"), "2025-03-05"), gone).change is None


def test_a_denied_threat_told_anew_is_news():
    said = entry(threat("said"), "2025-03-01")
    denied = entry(claim("no", "said", "denied"), "2025-03-02")
    again = entry(threat("again", source="urn:other"), "2025-03-03")
    assert replay([said, denied, again])[1][-1].outcome is Outcome.CHANGED


def test_a_threat_does_not_hide_what_a_new_duty_adds():
    held = replay([entry(threat("said", rate="25"), "2025-02-01")])[0]
    assert weigh(law("1", "imposed", "2025-03-01", rate="25"), held).change.delta_pp == 25


# What begins again


@pytest.mark.parametrize(
    ("start", "status"), [("2025-07-02", "scheduled"), ("2025-06-01T00:00Z", "in_force")]
)
@pytest.mark.parametrize("action", ["terminated", "expired"])
def test_imposed_anew_after_its_end_is_announced_like_a_new_duty(action, start, status):
    ended = law("2", action, "2025-05-01", effective_at="2025-05-01")
    again = law("3", "imposed", "2025-06-01", effective_at=start, rate="30")
    found = change(LAW, ended, again)
    assert found.after.status == status
    assert found.kinds[0] is Kind.MEASURE_ANNOUNCED
    assert found.delta_pp == Decimal(30)


def test_a_threat_that_was_carried_out_and_ended_can_be_made_again():
    first = entry(threat("1", rate="50"), "2025-03-01")
    done = law(
        "2", "imposed", "2025-03-05", rate="50", effective_at="2025-03-06", realises=ref("1")
    )
    again = entry(threat("4", rate="50"), "2025-06-01")
    assert after(first, done, again).outcome is Outcome.EVIDENCE_ONLY
    ended = law("3", "terminated", "2025-05-01", effective_at="2025-05-01")
    assert kinds(first, done, ended, again) == [Kind.THREAT_ISSUED]


def test_an_investigation_of_a_duty_in_force_is_news_once():
    opened = law("2", "investigation_opened", "2025-05-01")
    assert kinds(LAW, opened) == [Kind.INVESTIGATION]
    again = entry(
        measure("3", "investigation_opened", source=OTHER_SOURCE, announced_at="2025-05-01"),
        "2025-05-02",
    )
    assert after(LAW, opened, again).outcome is Outcome.EVIDENCE_ONLY
