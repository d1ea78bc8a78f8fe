"""How law events build up the terms of a measure."""

import pytest

from service.core.event import Action
from service.core.standing.entry import law_of
from tests.core.builders import entry, history, measure, percent, read, stands, threat


def told(*events):
    """A history of law events, each known on the day on which it was announced."""
    return history(*(entry(event, event["data"]["announced_at"]) for event in events))


def law(name, action, announced, **fields):
    return measure(name, action, announced_at=announced, **fields)


IMPOSED = law("1", "imposed", "2025-01-01", effective_at="2025-02-01T00:00Z", rate="10")


def shown(held, at, known="2030-01-01"):
    """Status, the measure's own rate, what it makes payable."""
    found = stands(held, at, known)
    rates = [str(duty.percent) if duty else None for duty in (found.duty, found.applied)]
    return (str(found.status), *rates)


def test_imposed_is_scheduled_until_it_takes_effect():
    held = told(IMPOSED)
    assert shown(held, "2025-01-31T23:59") == ("scheduled", "10", None)
    assert shown(held, "2025-02-01") == ("in_force", "10", "10")


def test_announced_without_a_date_is_announced():
    held = told(law("1", "imposed", "2025-01-01", rate="10"))
    assert shown(held, "2029-01-01") == ("announced", "10", None)


def test_a_date_replaces_no_date_yet():
    held = told(law("0", "imposed", "2024-12-01", rate="10"), IMPOSED)
    assert shown(held, "2025-02-01") == ("in_force", "10", "10")
    assert shown(held, "2024-12-15", "2024-12-15") == ("announced", "10", None)


@pytest.mark.parametrize("action", ["increased", "decreased", "amended", "corrected"])
def test_a_new_rate_counts_from_its_date(action):
    held = told(IMPOSED, law("2", action, "2025-03-01", effective_at="2025-04-01", rate="20"))
    assert shown(held, "2025-03-31") == ("in_force", "10", "10")
    assert shown(held, "2025-04-02") == ("in_force", "20", "20")


def test_a_correction_of_the_same_start_replaces_what_it_corrects():
    held = told(
        IMPOSED, law("2", "corrected", "2025-03-01", effective_at="2025-02-01T00:00Z", rate="12")
    )
    assert shown(held, "2025-02-15") == ("in_force", "12", "12")
    assert shown(held, "2025-02-15", "2025-02-15") == ("in_force", "10", "10")


@pytest.mark.parametrize("action", ["amended", "corrected"])
def test_an_amendment_without_a_duty_leaves_the_rate(action):
    held = told(IMPOSED, law("2", action, "2025-03-01", effective_at="2025-04-01"))
    assert shown(held, "2025-05-01") == ("in_force", "10", "10")


def test_an_amendment_that_is_the_first_we_hear_is_a_measure_of_unknown_rate():
    held = told(law("2", "amended", "2025-03-01", effective_at="2025-04-01"))
    assert shown(held, "2025-05-01") == ("in_force", None, None)


def test_an_unknown_rate_is_not_zero():
    held = told(IMPOSED, law("2", "increased", "2025-03-01", effective_at="2025-04-01"))
    assert shown(held, "2025-05-01") == ("in_force", None, None)


def test_a_temporary_rate_gives_way_to_what_stood_before():
    temporary = law(
        "2", "decreased", "2025-03-01", effective_at="2025-04-01", until="2025-07-01", rate="4"
    )
    held = told(IMPOSED, temporary)
    assert shown(held, "2025-05-01") == ("in_force", "4", "4")
    assert stands(held, "2025-05-01").until.day.isoformat() == "2025-07-01"
    assert shown(held, "2025-07-02") == ("in_force", "10", "10")
    assert stands(held, "2025-07-02").until is None


def test_a_temporary_rate_from_the_same_start_does_not_displace_the_lasting_one():
    temporary = law(
        "2",
        "decreased",
        "2025-01-02",
        effective_at="2025-02-01T00:00Z",
        until="2025-07-01",
        rate="4",
    )
    held = told(IMPOSED, temporary)
    assert shown(held, "2025-05-01") == ("in_force", "4", "4")
    assert shown(held, "2025-07-02") == ("in_force", "10", "10")


def test_a_measure_of_only_a_temporary_term_is_expired_after_it():
    held = told(
        law("1", "imposed", "2025-01-01", effective_at="2025-02-01", until="2025-03-01", rate="10")
    )
    assert shown(held, "2025-03-02") == ("expired", None, None)


def test_a_finer_source_gives_the_hour_of_a_day():
    day = law("1", "imposed", "2025-01-01", effective_at="2025-02-01", rate="10")
    hour = law("2", "imposed", "2025-01-02", effective_at="2025-02-01T00:01:00-05:00", rate="10")
    for held in (told(day, hour), told(hour | {"id": "0"}, day)):
        assert stands(held, "2025-03-01").effective_at.precision == "instant"
        assert shown(held, "2025-02-01T05:00") == ("scheduled", "10", None)
        assert shown(held, "2025-02-01T05:01") == ("in_force", "10", "10")


def test_a_restated_total_keeps_the_basis_of_the_measure():
    floor = law(
        "1", "imposed", "2025-01-01", effective_at="2025-02-01", duty=percent("15", "total_floor")
    )
    restated = law(
        "2",
        "increased",
        "2025-03-01",
        effective_at="2025-04-01",
        duty=percent("20", "component_total"),
    )
    assert stands(told(floor, restated), "2025-05-01").duty.basis == "total_floor"
    assert stands(told(restated), "2025-05-01").duty.basis == "additional"


def test_a_delay_moves_the_date_and_keeps_the_rate():
    held = told(IMPOSED, law("2", "delayed", "2025-01-20", effective_at="2025-03-01"))
    assert shown(held, "2025-02-15") == ("scheduled", "10", None)
    assert shown(held, "2025-03-02") == ("in_force", "10", "10")
    assert shown(held, "2025-02-15", "2025-01-19") == ("in_force", "10", "10")


def test_a_delay_without_a_new_date_leaves_the_measure_announced():
    held = told(IMPOSED, law("2", "delayed", "2025-01-20"))
    assert shown(held, "2026-01-01") == ("announced", "10", None)


def test_a_delay_moves_the_step_of_the_rate_it_names():
    first = law("2", "increased", "2025-01-02", effective_at="2025-04-01", rate="20")
    second = law("3", "increased", "2025-01-03", effective_at="2025-06-01", rate="30")
    delay = law(
        "4",
        "delayed",
        "2025-03-01",
        effective_at="2025-09-01",
        duty=percent("30", "component_total"),
    )
    held = told(IMPOSED, first, second, delay)
    assert shown(held, "2025-07-01") == ("in_force", "20", "20")
    assert shown(held, "2025-09-02") == ("in_force", "30", "30")


def test_a_delay_of_what_we_never_heard_of_schedules_it():
    held = told(law("2", "delayed", "2025-01-20", effective_at="2025-03-01", rate="10"))
    assert shown(held, "2025-02-01") == ("scheduled", "10", None)


def test_a_delay_of_a_term_without_a_date_gives_it_one():
    undated = law("1", "imposed", "2025-01-01", rate="10")
    held = told(undated, law("2", "delayed", "2025-01-20", effective_at="2025-03-01"))
    assert shown(held, "2025-02-01") == ("scheduled", "10", None)


def test_a_delay_of_what_has_begun_moves_it_nonetheless():
    held = told(IMPOSED, law("2", "delayed", "2025-02-10", effective_at="2025-03-01"))
    assert shown(held, "2025-02-15") == ("scheduled", "10", None)


SUSPENDED = law(
    "2", "suspended", "2025-03-01", effective_at="2025-04-01T00:00Z", until="2025-07-01T00:00Z"
)


def test_a_suspended_measure_keeps_its_own_rate_and_makes_nothing_payable():
    held = told(IMPOSED, SUSPENDED)
    assert shown(held, "2025-03-15") == ("in_force", "10", "10")
    assert shown(held, "2025-04-01") == ("suspended", "10", None)
    assert stands(held, "2025-04-01").until.at.month == 7


def test_what_stood_before_returns_when_a_suspension_ends():
    held = told(IMPOSED, SUSPENDED)
    assert shown(held, "2025-07-01") == ("in_force", "10", "10")
    assert stands(held, "2025-07-01").pauses == ()


def test_the_duty_of_a_suspension_is_what_applies_meanwhile():
    held = told(IMPOSED, law("2", "suspended", "2025-03-01", effective_at="2025-04-01", rate="3"))
    assert shown(held, "2025-05-01") == ("suspended", "10", "3")


def test_a_suspension_without_a_date_begins_when_announced():
    held = told(IMPOSED, law("2", "suspended", "2025-03-01"))
    assert shown(held, "2025-03-02") == ("suspended", "10", None)
    silent = history(entry(IMPOSED, "2025-01-01"), entry(measure("2", "suspended"), "2025-03-01"))
    assert shown(silent, "2025-03-01") == ("suspended", "10", None)
    assert shown(silent, "2025-02-28") == ("in_force", "10", "10")


def test_a_suspension_of_what_we_never_heard_of_is_suspended():
    assert shown(told(SUSPENDED), "2025-05-01") == ("suspended", None, None)
    assert stands(told(SUSPENDED), "2025-05-01").until.at.month == 7


def test_a_resumed_measure_is_in_force_from_that_date():
    held = told(IMPOSED, SUSPENDED, law("3", "resumed", "2025-05-01", effective_at="2025-05-10"))
    assert shown(held, "2025-05-09") == ("suspended", "10", None)
    assert shown(held, "2025-05-11") == ("in_force", "10", "10")


def test_a_measure_resumed_after_its_pause_had_ended_is_as_it_was():
    held = told(IMPOSED, SUSPENDED, law("3", "resumed", "2025-08-01"))
    assert shown(held, "2025-06-01") == ("suspended", "10", None)
    assert shown(held, "2025-08-02") == ("in_force", "10", "10")


def test_a_measure_resumed_before_its_pause_began_is_never_paused():
    held = told(IMPOSED, SUSPENDED, law("3", "resumed", "2025-03-15"))
    assert shown(held, "2025-04-15") == ("in_force", "10", "10")


def test_an_extension_makes_a_pause_longer():
    held = told(IMPOSED, SUSPENDED, law("3", "extended", "2025-06-20", until="2025-10-01"))
    assert shown(held, "2025-09-01") == ("suspended", "10", None)
    assert stands(held, "2025-05-01", "2030-01-01").until.day.month == 10
    assert shown(held, "2025-10-02") == ("in_force", "10", "10")


def test_an_extension_to_an_earlier_end_makes_a_pause_shorter():
    held = told(IMPOSED, SUSPENDED, law("3", "extended", "2025-04-20", until="2025-05-10"))
    assert shown(held, "2025-05-09") == ("suspended", "10", None)
    assert stands(held, "2025-05-01", "2030-01-01").until.day.isoformat() == "2025-05-10"
    assert shown(held, "2025-05-11") == ("in_force", "10", "10")


def test_a_pause_that_was_prolonged_and_is_shortened_ends_once():
    longer = law("3", "extended", "2025-06-20", until="2025-10-01")
    shorter = law("4", "extended", "2025-06-25", until="2025-06-28")
    held = told(IMPOSED, SUSPENDED, longer, shorter)
    assert shown(held, "2025-06-27") == ("suspended", "10", None)
    assert shown(held, "2025-06-29") == ("in_force", "10", "10")
    assert shown(held, "2025-08-01") == ("in_force", "10", "10")
    assert stands(held, "2025-06-29", "2030-01-01").pauses == ()


def test_a_pause_to_come_is_shortened_before_it_begins():
    held = told(IMPOSED, SUSPENDED, law("3", "extended", "2025-03-10", until="2025-05-10"))
    assert shown(held, "2025-05-09") == ("suspended", "10", None)
    assert shown(held, "2025-05-11") == ("in_force", "10", "10")


def test_a_pause_is_prolonged_up_to_another_that_is_to_come():
    later = law("3", "suspended", "2025-04-15", effective_at="2025-09-01", until="2025-12-01")
    held = told(IMPOSED, SUSPENDED, later, law("4", "extended", "2025-06-20", until="2025-10-15"))
    for day in ("2025-06-30", "2025-08-01", "2025-11-20"):
        assert shown(held, day) == ("suspended", "10", None)
    assert shown(held, "2025-12-02") == ("in_force", "10", "10")


def test_a_pause_that_is_shortened_may_let_something_else_apply_meanwhile():
    shorter = law("3", "extended", "2025-04-20", until="2025-05-10", rate="4")
    held = told(IMPOSED, SUSPENDED, shorter)
    assert shown(held, "2025-04-15") == ("suspended", "10", None)
    assert shown(held, "2025-05-01") == ("suspended", "10", "4")
    assert shown(held, "2025-05-11") == ("in_force", "10", "10")


def test_an_extension_from_a_later_date_leaves_no_gap():
    extended = law("3", "extended", "2025-06-20", effective_at="2025-07-15", until="2025-10-01")
    assert shown(told(IMPOSED, SUSPENDED, extended), "2025-07-10") == ("suspended", "10", None)


def test_an_extension_keeps_what_applies_meanwhile_unless_it_says_otherwise():
    paused = law(
        "2", "suspended", "2025-03-01", effective_at="2025-04-01", until="2025-07-01", rate="3"
    )
    same = told(IMPOSED, paused, law("3", "extended", "2025-06-20", until="2025-10-01"))
    other = told(IMPOSED, paused, law("3", "extended", "2025-06-20", until="2025-10-01", rate="5"))
    assert shown(same, "2025-09-01") == ("suspended", "10", "3")
    assert shown(other, "2025-09-01") == ("suspended", "10", "5")


def test_an_open_pause_that_is_extended_gets_an_end():
    paused = law("2", "suspended", "2025-03-01", effective_at="2025-04-01")
    held = told(IMPOSED, paused, law("3", "extended", "2025-06-20", until="2025-10-01"))
    assert shown(held, "2025-09-01") == ("suspended", "10", None)
    assert shown(held, "2025-10-02") == ("in_force", "10", "10")


def test_an_extension_makes_a_temporary_rate_longer():
    temporary = law(
        "2", "decreased", "2025-03-01", effective_at="2025-04-01", until="2025-07-01", rate="4"
    )
    held = told(IMPOSED, temporary, law("3", "extended", "2025-06-20", until="2025-10-01"))
    assert shown(held, "2025-09-01") == ("in_force", "4", "4")


def test_an_extension_of_a_temporary_rate_does_not_revive_a_pause_long_over():
    temporary = law(
        "3", "decreased", "2025-08-01", effective_at="2025-08-02", until="2025-10-01", rate="4"
    )
    held = told(
        IMPOSED, SUSPENDED, temporary, law("4", "extended", "2025-09-20", until="2026-01-01")
    )
    assert shown(held, "2025-11-01") == ("in_force", "4", "4")


def test_an_extension_heard_of_after_the_pause_had_run_out_still_extends_it():
    held = told(IMPOSED, SUSPENDED, law("3", "extended", "2025-07-05", until="2025-10-01"))
    assert shown(held, "2025-09-01") == ("suspended", "10", None)


def test_an_extension_of_a_measure_moves_its_end():
    ending = IMPOSED | {"data": IMPOSED["data"] | {"expires_at": "2025-06-01"}}
    held = told(ending, law("2", "extended", "2025-05-01", until="2025-12-01"))
    assert shown(held, "2025-07-01") == ("in_force", "10", "10")
    assert shown(held, "2025-12-02")[0] == "expired"


def test_an_extension_without_an_end_changes_nothing():
    assert shown(told(IMPOSED, law("2", "extended", "2025-05-01")), "2025-07-01")[0] == "in_force"


def test_a_measure_expires_on_its_date():
    ending = IMPOSED | {"data": IMPOSED["data"] | {"expires_at": "2025-06-01T00:00Z"}}
    assert shown(told(ending), "2025-05-31") == ("in_force", "10", "10")
    assert shown(told(ending), "2025-06-01") == ("expired", "10", None)
    assert stands(told(ending), "2025-05-31").expires_at.at.month == 6


@pytest.mark.parametrize(
    ("action", "status"),
    [("terminated", "terminated"), ("expired", "expired"), ("struck_down", "struck_down")],
)
def test_an_end_is_named_for_what_ended_it(action, status):
    held = told(IMPOSED, law("2", action, "2025-03-01", effective_at="2025-04-01"))
    assert shown(held, "2025-03-31") == ("in_force", "10", "10")
    assert shown(held, "2025-04-02") == (status, "10", None)


def test_what_ended_before_it_began_was_never_implemented():
    held = told(IMPOSED, law("2", "terminated", "2025-01-20"))
    assert shown(held, "2025-03-01") == ("never_implemented", "10", None)


def test_an_end_of_what_we_never_heard_of_is_an_end():
    assert shown(told(law("2", "terminated", "2025-01-20")), "2025-03-01")[0] == "terminated"
    ahead = law("2", "terminated", "2025-01-20", effective_at="2025-06-01")
    assert shown(told(ahead), "2025-03-01")[0] == "announced"


def test_a_measure_imposed_anew_stays_over_in_between():
    held = told(
        IMPOSED,
        SUSPENDED | {"data": SUSPENDED["data"] | {"until": None}},
        law("3", "terminated", "2025-05-01"),
        law("4", "imposed", "2025-06-01", effective_at="2025-08-01", rate="15"),
    )
    assert shown(held, "2025-03-15") == ("in_force", "10", "10")
    assert shown(held, "2025-04-15") == ("suspended", "10", None)
    assert shown(held, "2025-07-01") == ("scheduled", "15", None)
    assert shown(held, "2025-08-02") == ("in_force", "15", "15")


def test_a_measure_imposed_anew_after_it_expired_is_in_force():
    ending = IMPOSED | {"data": IMPOSED["data"] | {"expires_at": "2025-06-01"}}
    held = told(ending, law("2", "imposed", "2025-09-01", effective_at="2025-10-01", rate="15"))
    assert shown(held, "2025-11-01") == ("in_force", "15", "15")
    assert shown(held, "2025-07-01") == ("scheduled", "15", None)
    assert stands(held, "2025-11-01", "2030-01-01").expires_at is None


def test_what_had_run_out_by_itself_keeps_its_end_when_imposed_anew():
    temporary = law(
        "2", "increased", "2025-01-02", effective_at="2025-02-10", until="2025-03-01", rate="40"
    )
    held = told(
        IMPOSED,
        temporary,
        law("3", "terminated", "2025-05-01"),
        law("4", "imposed", "2025-06-01", effective_at="2025-08-01", rate="15"),
    )
    assert shown(held, "2025-02-15")[1] == "40"
    assert shown(held, "2025-04-01") == ("in_force", "10", "10")


def test_imposed_again_from_before_its_end_was_never_over():
    held = told(
        IMPOSED,
        law("3", "terminated", "2025-05-01", effective_at="2025-09-01"),
        law("4", "imposed", "2025-06-01", effective_at="2025-08-01", rate="15"),
    )
    assert shown(held, "2025-07-01") == ("in_force", "10", "10")
    assert shown(held, "2025-10-01") == ("in_force", "15", "15")


def test_a_ruling_has_no_effect_while_stayed():
    held = told(IMPOSED, law("2", "ruled_unlawful", "2025-05-28", stayed=True))
    assert shown(held, "2025-06-01") == ("in_force", "10", "10")
    assert stands(held, "2025-06-01").rulings[0].stayed is True


def test_a_ruling_that_does_not_say_has_no_effect_yet():
    held = told(IMPOSED, law("2", "ruled_unlawful", "2025-05-28"))
    assert shown(held, "2025-06-01") == ("in_force", "10", "10")


def test_a_ruling_in_effect_strikes_the_measure_down_and_a_stay_gives_it_back():
    ruled = law("2", "ruled_unlawful", "2025-05-28", stayed=False)
    assert shown(told(IMPOSED, ruled), "2025-06-01") == ("struck_down", "10", None)
    stayed = law("3", "ruled_unlawful", "2025-05-29", stayed=True)
    assert shown(told(IMPOSED, ruled, stayed), "2025-06-01") == ("in_force", "10", "10")


def test_a_stay_does_not_bring_back_what_was_terminated():
    held = told(
        IMPOSED,
        law("2", "terminated", "2025-05-01"),
        law("3", "ruled_unlawful", "2025-05-29", stayed=True),
    )
    assert shown(held, "2025-06-01")[0] == "terminated"


SOFAS = {"scope": "codes", "include": ["9401.61"]}


def test_an_exemption_concerns_the_goods_it_names_never_the_rate():
    exempted = law(
        "2", "exempted", "2025-04-11", product=SOFAS, effective_at="2025-04-05", rate="0"
    )
    held = told(IMPOSED, exempted)
    found = stands(held, "2025-05-01")
    assert shown(held, "2025-05-01") == ("in_force", "10", "10")
    assert [one.product.include for one in found.exemptions] == [("940161",)]
    assert found.product.scope == "all"


def test_an_exemption_ends_when_told_or_on_its_date():
    exempted = law("2", "exempted", "2025-04-11", product=SOFAS)
    ended = law("3", "exemption_ended", "2025-06-01", product=SOFAS)
    held = told(IMPOSED, exempted, ended)
    assert len(stands(held, "2025-05-01").exemptions) == 1
    assert stands(held, "2025-06-02").exemptions == ()
    brief = law("2", "exempted", "2025-04-11", product=SOFAS, until="2025-05-15")
    assert stands(told(IMPOSED, brief), "2025-06-02").exemptions == ()
    assert stands(told(IMPOSED, brief, ended), "2025-06-02").exemptions == ()


def test_the_end_of_an_exemption_leaves_others_and_the_rate():
    cars = {"scope": "codes", "include": ["8703"]}
    held = told(
        IMPOSED,
        law("2", "exempted", "2025-04-11", product=SOFAS),
        law("3", "exemption_ended", "2025-06-01", product=cars, rate="99"),
    )
    assert len(stands(held, "2025-06-02").exemptions) == 1
    assert shown(held, "2025-06-02") == ("in_force", "10", "10")


def test_a_measure_known_only_by_the_end_of_an_exemption_charges_what_it_says():
    ended = law("1", "exemption_ended", "2025-06-01", effective_at="2025-06-02", rate="54")
    assert shown(told(ended), "2025-07-01") == ("in_force", "54", "54")


def test_a_measure_known_only_by_an_exemption_must_be_there():
    assert shown(told(law("1", "exempted", "2025-06-01")), "2025-07-01")[0] == "announced"


@pytest.mark.parametrize(
    ("action", "extended"), [("scope_extended", True), ("scope_reduced", False)]
)
def test_a_change_of_scope_is_kept_as_a_step_and_leaves_the_rate(action, extended):
    held = told(IMPOSED, law("2", action, "2025-04-11", product=SOFAS))
    found = stands(held, "2025-05-01")
    assert found.scope_steps[0].extended is extended
    assert shown(held, "2025-05-01") == ("in_force", "10", "10")
    assert found.product.scope == "all"


def test_a_measure_known_only_by_a_change_of_scope_has_its_rate():
    held = told(law("2", "scope_extended", "2025-04-11", effective_at="2025-04-12", rate="25"))
    assert shown(held, "2025-05-01") == ("in_force", "25", "25")


def test_authorised_is_not_applied_until_imposed():
    authorised = law("0", "authorised", "2024-12-01")
    assert shown(told(authorised), "2024-12-02") == ("authorised_not_applied", None, None)
    assert shown(told(authorised, IMPOSED), "2025-02-02") == ("in_force", "10", "10")


def test_an_investigation_is_under_way_until_it_finds_a_rate():
    opened = law("0", "investigation_opened", "2024-06-01")
    preliminary = law(
        "1", "determination_preliminary", "2024-09-01", effective_at="2024-09-10", rate="8"
    )
    final = law("2", "determination_final", "2024-12-01", effective_at="2024-12-10", rate="12")
    held = told(opened, preliminary, final)
    assert shown(held, "2024-07-01", "2024-07-01") == ("under_investigation", None, None)
    assert shown(held, "2024-10-01") == ("provisional", "8", "8")
    assert shown(held, "2025-01-01") == ("in_force", "12", "12")


def test_the_latest_event_on_the_whole_says_whose_goods_and_which():
    wider = law(
        "2", "amended", "2025-03-01", origin={"kind": "all"}, product=SOFAS, programme="S301-new"
    )
    found = stands(told(IMPOSED, wider), "2025-05-01")
    assert (found.origin.kind, found.product.include) == ("all", ("940161",))
    assert found.programme == "S301-new"


def test_a_declaration_gives_way_to_the_text_of_the_same_step():
    text = law("1", "imposed", "2025-01-01", effective_at="2025-02-01", rate="34")
    said = law(
        "2", "imposed", "2025-01-01", effective_at="2025-02-01", rate="33", certainty="announced"
    )
    for held in (told(text, said), told(said | {"id": "0"}, text)):
        assert shown(held, "2025-03-01") == ("in_force", "34", "34")
        assert stands(held, "2025-03-01").certainty == "instrument"


def test_a_declaration_that_repeats_the_text_later_does_not_make_it_less_sure():
    text = law("1", "imposed", "2025-01-01", effective_at="2025-02-01", rate="34")
    said = law(
        "2", "imposed", "2025-01-09", effective_at="2025-02-01", rate="34", certainty="announced"
    )
    assert stands(told(text, said), "2025-03-01").certainty == "instrument"


@pytest.mark.parametrize(
    "fields",
    [
        {"action": "increased", "effective_at": "2025-02-01"},
        {"action": "imposed", "effective_at": "2025-02-05"},
        {"action": "imposed"},
        {"action": "imposed", "effective_at": "2025-02-01", "announced_at": "2025-01-09"},
        {"action": "imposed", "effective_at": "2025-02-01", "announced_at": None},
    ],
)
def test_a_declaration_of_another_step_stands_beside_the_text(fields):
    text = law("1", "imposed", "2025-01-01", effective_at="2025-02-01", rate="34")
    stated = {"announced_at": "2025-01-01"} | fields
    said = measure("2", rate="33", certainty="announced", **stated)
    held = history(entry(text, "2025-01-01"), entry(said, "2025-01-09"))
    assert stands(held, "2025-03-01").certainty == "announced"


def test_what_is_cited_is_the_instrument_first():
    eo = {"kind": "executive_order", "number": "14257"}
    notice = {"kind": "federal_register", "number": "2025-06063"}
    data = read(measure("1", instrument=eo, citations=[notice])).data
    assert [one.number for one in law_of(data)] == ["14257", "2025-06063"]
    assert [one.number for one in law_of(read(measure("1", citations=[notice])).data)] == [
        "2025-06063"
    ]


@pytest.mark.parametrize("action", [one for one in Action if not one.is_threat])
def test_every_action_of_law_has_its_place_in_the_fold(action):
    held = told(law("1", action, "2025-01-01", effective_at="2025-02-01", rate="10"))
    assert stands(held, "2025-03-01").status not in {"threatened", "proposed", "withdrawn"}


def test_a_threat_is_no_law_even_when_an_instrument_utters_it():
    held = told(IMPOSED, threat("2", certainty="instrument", announced_at="2025-03-01", rate="99"))
    assert shown(held, "2025-04-01") == ("in_force", "10", "10")


# Steps that are put off, taken back, corrected, or told late


def test_an_investigation_states_no_rate_of_the_measure():
    opened = law("0", "investigation_opened", "2025-04-01", effective_at="2025-04-01", rate="25")
    assert shown(told(opened), "2025-05-01") == ("under_investigation", None, None)
    assert shown(told(IMPOSED, opened), "2025-05-01") == ("in_force", "10", "10")


def test_a_delay_of_an_end_leaves_the_duty_in_force_until_the_new_date():
    ended = law("2", "terminated", "2025-03-01", effective_at="2025-06-01")
    held = told(IMPOSED, ended, law("3", "delayed", "2025-05-01", effective_at="2025-09-01"))
    assert shown(held, "2025-04-01") == ("in_force", "10", "10")
    assert shown(held, "2025-07-01") == ("in_force", "10", "10")
    assert shown(held, "2025-09-02") == ("terminated", "10", None)
    held = told(IMPOSED, ended, law("3", "delayed", "2025-05-01"))
    assert shown(held, "2026-01-01") == ("in_force", "10", "10")


def test_a_delay_of_a_pause_leaves_the_duty_in_force_until_the_new_date():
    paused = law("2", "suspended", "2025-03-01", effective_at="2025-06-01")
    held = told(IMPOSED, paused, law("3", "delayed", "2025-05-01", effective_at="2025-09-01"))
    assert shown(held, "2025-07-01") == ("in_force", "10", "10")
    assert shown(held, "2025-09-02") == ("suspended", "10", None)
    held = told(IMPOSED, paused, law("3", "delayed", "2025-05-01"))
    assert shown(held, "2026-01-01") == ("in_force", "10", "10")


def test_a_delay_moves_the_next_to_come_whatever_the_order_of_the_texts():
    first = law("1", "imposed", "2025-01-02", effective_at="2025-06-01", rate="10")
    second = law("2", "increased", "2025-01-03", effective_at="2025-09-01", rate="25")
    delay = law("3", "delayed", "2025-05-01", effective_at="2025-07-01")
    again = law("4", "delayed", "2025-06-01", effective_at="2025-08-01")
    for texts in ((first, second), (second, first)):
        held = told(*texts, delay, again)
        assert shown(held, "2025-07-15") == ("scheduled", "10", None)
        assert shown(held, "2025-08-02") == ("in_force", "10", "10")
        assert shown(held, "2025-09-02") == ("in_force", "25", "25")


def test_a_delay_told_late_moves_the_step_of_the_rate_it_names_or_the_last():
    raised = law("2", "increased", "2025-02-20", effective_at="2025-03-04", rate="20")
    for named in ({"rate": "20"}, {}):
        late = law("3", "delayed", "2025-03-05", effective_at="2025-04-04", **named)
        held = told(IMPOSED, raised, late)
        assert shown(held, "2025-02-10") == ("in_force", "10", "10")
        assert shown(held, "2025-03-10") == ("in_force", "10", "10")
        assert shown(held, "2025-04-05") == ("in_force", "20", "20")


@pytest.mark.parametrize(
    ("again", "status"), [("suspended", "suspended"), ("terminated", "terminated")]
)
def test_a_second_undated_step_is_none_with_the_first(again, status):
    """That neither states a date or a figure does not make one step of the two."""
    between = (
        law("3", "resumed", "2025-07-09")
        if again == "suspended"
        else law("3", "imposed", "2025-07-09", effective_at="2025-07-10", rate="10")
    )
    second = law("4", again, "2025-08-01", certainty="announced")
    held = told(IMPOSED, law("2", again, "2025-04-10"), between, second)
    assert shown(held, "2025-07-20") == ("in_force", "10", "10")
    assert shown(held, "2025-09-01") == (status, "10", None)


def test_a_declaration_and_its_text_of_one_day_are_one_step_without_a_date():
    said = law("2", "suspended", "2025-04-10", certainty="announced")
    text = law("3", "suspended", "2025-04-10")
    assert len(stands(told(IMPOSED, said, text), "2025-05-01").pauses) == 1


def test_an_undated_rate_declared_and_then_written_is_one_step():
    said = law("2", "increased", "2025-04-10", certainty="announced", rate="20")
    text = law("3", "increased", "2025-04-12", rate="20")
    (ahead,) = stands(told(IMPOSED, said, text), "2025-05-01").upcoming
    assert ahead.cause[1] == "3"


def test_an_extension_of_the_measure_leaves_a_pause_that_is_over():
    until = law("1", "imposed", "2025-01-02", rate="25", effective_at="2025-01-02")
    until["data"]["expires_at"] = "2025-12-31"
    pause = law("2", "suspended", "2025-04-10", until="2025-07-09")
    held = told(until, pause, law("3", "extended", "2025-11-01", until="2026-12-31"))
    assert shown(held, "2025-08-01") == ("in_force", "25", "25")
    assert shown(held, "2026-06-01") == ("in_force", "25", "25")
    assert shown(held, "2027-01-02")[0] == "expired"


def test_a_pause_ends_with_the_term_that_it_pauses():
    short = law("1", "imposed", "2025-01-02", rate="25", effective_at="2025-01-02")
    short["data"]["until"] = "2025-07-01"
    held = told(short, law("2", "suspended", "2025-04-01", rate="10"))
    assert shown(held, "2025-06-01") == ("suspended", "25", "10")
    assert shown(held, "2025-08-01") == ("expired", None, None)


def test_what_resumes_at_another_rate_is_owed_at_that():
    held = told(IMPOSED, SUSPENDED, law("3", "resumed", "2025-06-01", rate="15"))
    assert shown(held, "2025-05-01") == ("suspended", "10", None)
    assert shown(held, "2025-06-20") == ("in_force", "15", "15")
    held = told(IMPOSED, SUSPENDED, law("3", "resumed", "2025-06-01", rate="10"))
    assert len(stands(held, "2025-06-20").upcoming) == 0
    assert shown(held, "2025-06-20") == ("in_force", "10", "10")


def test_what_resumes_leaves_a_pause_that_is_to_come():
    later = law("3", "suspended", "2025-04-15", effective_at="2025-09-01", until="2025-12-01")
    longer = law("4", "extended", "2025-04-20", until="2025-07-20")
    held = told(IMPOSED, SUSPENDED, later, longer, law("5", "resumed", "2025-05-01"))
    assert shown(held, "2025-05-20") == ("in_force", "10", "10")
    assert shown(held, "2025-07-10") == ("in_force", "10", "10")
    assert shown(held, "2025-10-01") == ("suspended", "10", None)


def test_imposed_anew_does_not_undo_that_it_had_expired_before_its_end_was_said():
    first = law("1", "imposed", "2025-01-01", effective_at="2025-01-02", rate="25")
    first["data"]["expires_at"] = "2025-06-01"
    anew = law("3", "imposed", "2025-10-01", effective_at="2025-10-01", rate="15")
    held = told(first, law("2", "terminated", "2025-09-01"), anew)
    assert shown(held, "2025-07-01")[2] is None
    assert shown(held, "2025-10-02") == ("in_force", "15", "15")


def test_a_second_source_that_is_late_brings_nothing_back():
    first = law("1", "imposed", "2025-04-02", effective_at="2025-04-09", rate="25")
    ended = law("2", "terminated", "2025-05-01")
    late = measure("3", "imposed", source="urn:other", effective_at="2025-04-09", rate="25")
    held = history(
        entry(first, "2025-04-02"), entry(ended, "2025-05-01"), entry(late, "2025-05-05")
    )
    assert shown(held, "2025-05-20") == ("terminated", "25", None)


def test_a_stay_leaves_the_time_before_it_struck_down():
    ruled = law("2", "ruled_unlawful", "2025-06-01", stayed=False)
    held = told(IMPOSED, ruled, law("3", "ruled_unlawful", "2025-06-20", stayed=True))
    assert shown(held, "2025-05-31") == ("in_force", "10", "10")
    assert shown(held, "2025-06-10") == ("struck_down", "10", None)
    assert shown(held, "2025-06-21") == ("in_force", "10", "10")
    at_once = law("3", "ruled_unlawful", "2025-06-01", stayed=True)
    assert shown(told(IMPOSED, ruled, at_once), "2025-06-10") == ("in_force", "10", "10")


def test_a_correction_moves_the_date_of_the_rate_it_restates():
    wrong = law("1", "imposed", "2025-04-01", effective_at="2025-04-05", rate="25")
    right = law("2", "corrected", "2025-04-06", effective_at="2025-04-09", rate="25")
    held = told(wrong, right)
    assert shown(held, "2025-04-07") == ("scheduled", "25", None)
    assert shown(held, "2025-04-10") == ("in_force", "25", "25")


def test_a_correction_without_a_date_is_of_the_figure():
    held = told(IMPOSED, law("2", "corrected", "2025-02-10", rate="12"))
    assert shown(held, "2025-02-05") == ("in_force", "12", "12")
    assert stands(held, "2025-03-01").upcoming == ()


def test_what_expired_before_it_began_was_never_implemented():
    amended = law("2", "amended", "2025-01-10")
    amended["data"]["expires_at"] = "2025-01-20"
    assert shown(told(IMPOSED, amended), "2025-03-01")[0] == "never_implemented"


CARS = {"scope": "codes", "include": ["8703", "8704"]}


@pytest.mark.parametrize(
    ("let_off", "ended", "left"),
    [
        ({"scope": "codes", "include": ["8703"]}, {"scope": "all"}, None),
        (CARS, {"scope": "codes", "include": ["87"]}, None),
        (CARS, {"scope": "codes", "include": ["8703"]}, (("8704",), ())),
        (CARS, {"scope": "codes", "include": ["8703.23"]}, (("8703", "8704"), ("870323",))),
        ({"scope": "all"}, {"scope": "codes", "include": ["8703"]}, ((), ("8703",))),
        (CARS, {"scope": "codes", "include": ["9401"]}, (("8703", "8704"), ())),
        (CARS, {"scope": "described", "text": "some"}, (("8703", "8704"), ())),
    ],
)
def test_an_exemption_ends_for_the_goods_that_are_named(let_off, ended, left):
    first = law("2", "exempted", "2025-03-01", until="2025-12-31", product=let_off)
    held = told(IMPOSED, first, law("3", "exemption_ended", "2025-06-01", product=ended))
    (before,) = stands(held, "2025-05-01", "2025-05-01").exemptions
    assert before.product.include == tuple(
        code.replace(".", "") for code in let_off.get("include", [])
    )
    found = stands(held, "2025-08-20").exemptions
    assert [(one.product.include, one.product.excluded) for one in found] == (
        [left] if left else []
    )


def test_an_exemption_that_is_over_is_not_ended_again():
    first = law("2", "exempted", "2025-03-01", until="2025-05-01", product=CARS)
    ended = law("3", "exemption_ended", "2025-06-01", product={"scope": "all"})
    (one,) = stands(told(IMPOSED, first, ended), "2025-04-01").exemptions
    assert str(one.until.day) == "2025-05-01"
