"""One article: what it says becomes alerts, what it only colours does not."""

import pytest

from service.core.certainty import Certainty
from service.core.change.derive import weigh
from service.core.event import read_event
from service.core.standing.history import Entry, History

ALERTABLE = {
    "000-01", "000-02", "000-05", "000-07-AR", "000-07-VN", "000-07-IL",
    "000-08", "000-09-IL", "000-09-JP", "000-10",
}  # fmt: skip


@pytest.fixture(scope="session")
def events(article):
    return {raw["id"]: read_event(raw) for raw in article}


@pytest.fixture(scope="session")
def changes(events, sent):
    """Derived in the order of the article; each change by the id of its event."""
    histories, found = {}, {}
    for name, event in events.items():
        entry = Entry(event, sent, sent)
        weighed = weigh(entry, histories.get(event.subject, History(event.subject)))
        found[name] = weighed.change
        histories[event.subject] = weighed.history
    return found


def test_every_alertable_statement_makes_a_change(changes):
    assert {name for name, change in changes.items() if change} >= ALERTABLE


def test_a_threat_of_fifty_points_moves_no_rate(changes):
    threat = changes["000-05"]
    assert threat.kinds == ("threat_issued",)
    assert (threat.old, threat.new, threat.delta_pp, threat.effective_at) == (None,) * 4
    assert threat.about.condition.then == {"rate_added": "50"}


def test_the_baseline_has_no_date_and_no_known_goods(changes):
    baseline = changes["000-01"]
    assert baseline.after.status == "announced"
    assert (baseline.about.product.scope, baseline.effective_at) == ("unknown", None)


def test_more_than_ten_percent_is_an_unknown_rate(events):
    for name in ("000-09-IL", "000-09-JP"):
        assert events[name].data.duty.percent is None


def test_only_what_the_article_confirms_can_move_law(events):
    measures = {
        name: event.data for name, event in events.items() if event.type == "tariff.measure"
    }
    assert [name for name, data in measures.items() if data.moves_law] == ["000-01"]


def test_direction_is_kept_apart(events):
    assert events["000-05"].subject == "measure:article-000-us-cn"
    assert events["000-06"].subject == "measure:article-000-cn-us"
    assert events["000-06"].data.certainty is Certainty.REPORTED


def test_an_unnamed_group_names_nobody_but_the_united_states(events):
    step = events["000-02"].data
    assert step.named == {"US"}
    assert step.has_unnamed


def test_evidence_points_into_the_article_and_quotes_nothing(events):
    for event in events.values():
        assert all(one.offset is not None and one.quote is None for one in event.data.evidence)
        assert event.data.evidence
