"""A rule tried on history: held against matching change by change, as the planner does."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.match import Match, facts_of, match
from service.core.match.facts import expand
from service.core.match.outline import outline_of
from service.core.match.subscription import Rule
from service.core.match.trial import LOUDEST, Trial
from tests.core.match.match_oracle import change_of, measure, percent
from tests.core.match.test_match_oracle import CHANGES, RULES

SEEN = datetime(2025, 4, 2, 12, tzinfo=UTC)
RATES = st.sampled_from([None, *map(Decimal, ("0", "2", "9", "10", "12"))])


@st.composite
def histories(draw):
    """Changes to two subjects, with any rates."""
    drawn = draw(st.lists(st.tuples(CHANGES, RATES, RATES, st.booleans()), max_size=8))
    return [
        replace(
            outline_of(change),
            subject="measure:probe" if here else "measure:other",
            delta_pp=delta,
            new_pp=rate,
        )
        for change, delta, rate, here in drawn
    ]


def alert_live(rule, history):
    """The numbers of those that a planner would make alerts of, one by one."""
    told, numbers = {}, []
    for number, one in enumerate(history, start=1):
        if isinstance(match(expand(one), rule, told.get(one.subject)), Match):
            numbers.append(number)
            if one.new_pp is not None:
                told[one.subject] = one.new_pp
    return numbers


def try_on(rule, history):
    trial = Trial(rule)
    for number, one in enumerate(history, start=1):
        trial.look(number, SEEN + timedelta(days=20 * number), expand(one))
    return trial


@settings(max_examples=80, deadline=None)
@given(RULES, histories())
def test_a_preview_counts_what_live_matching_would_have_alerted(rule, history):
    trial, numbers = try_on(rule, history), alert_live(rule, history)
    assert trial.asked.alerts == len(numbers) == sum(trial.months.values())
    assert trial.looked_at == len(history)
    for loud in trial.loudest:
        mine = [number for number in numbers if history[number - 1].subject == loud.subject]
        assert (loud.alerts, loud.last) == (len(mine), mine[-1])


@settings(max_examples=80, deadline=None)
@given(RULES, histories())
def test_so_does_each_stricter_rule_though_it_was_told_of_other_rates(rule, history):
    for variant in try_on(rule, history).stricter:
        value = Decimal(variant.value) if variant.setting == "min_delta_pp" else variant.value
        strict = Rule.model_validate(rule.model_dump() | {variant.setting: value})
        assert variant.alerts == len(alert_live(strict, history)), variant.setting


def test_a_stricter_rule_may_tell_what_the_asked_one_had_told_in_parts():
    rates = [("10", "10"), ("2", "12"), ("2", "14"), ("2", "16")]
    first = outline_of(change_of(measure(duty=percent(10))))
    history = [
        replace(first, delta_pp=Decimal(delta), new_pp=Decimal(rate)) for delta, rate in rates
    ]
    asked = Rule.model_validate({"lanes": [{}], "min_delta_pp": "3"})
    assert alert_live(asked, history) == [1, 3]
    strict = next(one for one in try_on(asked, history).stricter if one.value == "5")
    assert strict.alerts == 2


def test_what_can_be_made_stricter_is_named_and_nothing_else():
    def named(**minima):
        trial = Trial(Rule.model_validate({"lanes": [{}], **minima}))
        return [(one.setting, one.value) for one in trial.stricter]

    assert named(min_certainty="announced", min_delta_pp="10", blanket=False) == [
        ("min_certainty", "instrument"),
        ("min_delta_pp", "25"),
    ]
    assert named(min_certainty="instrument", min_delta_pp="25", possible=True) == [
        ("blanket", False),
        ("possible", False),
    ]


def test_the_loudest_come_first_and_equals_by_name():
    change = outline_of(change_of(measure()))
    names = ["b", "a", "a", "c", "d", "e", "f"]
    trial = try_on(
        Rule.model_validate({"lanes": [{}]}), [replace(change, subject=name) for name in names]
    )
    assert [one.subject for one in trial.loudest] == ["a", "b", "c", "d", "e"]
    assert len(trial.loudest) == LOUDEST
    assert facts_of(change_of(measure())).change == change


def test_what_is_only_possible_is_not_counted_where_that_is_off():
    trial = Trial(Rule.model_validate({"lanes": [{"product": "8703"}], "possible": True}))
    vague = change_of(measure(product={"scope": "described", "text": "cars"}))
    trial.look(1, vague.seen_at, expand(outline_of(vague)))
    assert trial.asked.alerts == 1
    assert {one.setting: one.alerts for one in trial.stricter}["possible"] == 0
