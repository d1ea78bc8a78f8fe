"""What time alone turns in a measure, instant by instant."""

from datetime import UTC

import pytest

from service.core.clock import reminders_of, turnings_of
from service.core.clock.turning import turnings_at
from service.core.event import Handling
from tests.core.builders import claim, entry, history, measure, on, ref, threat

AFTER = on("2025-04-05")
BASE = measure(
    "base", rate="84", effective_at="2025-04-01T00:00:00+00:00", announced_at="2025-03-01"
)


def day(number):
    return f"2025-04-{number:02}T00:00:00+00:00"


def later(name, action, number, **more):
    return measure(name, action, announced_at="2025-03-02", effective_at=day(number), **more)


def turned(*events, after=AFTER):
    """(turn, day of April, name of the event that states it)."""
    held = history(*(entry(one, "2025-03-02") for one in events))
    found = turnings_of(held.fold, after)
    return [(one.turn.value, one.at.day, one.cause[1]) for one in found]


def whole_day(importer, text):
    """A duty from a day on, in a country whose clocks are turned at that midnight."""
    fields = {"importer": importer, "announced_at": "2024-03-02", "effective_at": text}
    return history(entry(measure("new", rate="9", **fields), "2024-03-02"))


@pytest.mark.parametrize(
    ("importer", "text"),
    [
        ("EG", "2025-04-25"),
        ("CL", "2025-09-07"),
        ("CU", "2025-11-02"),
        ("LB", "2025-03-30"),
        ("PY", "2024-10-06"),
        ("US", "2025-03-09"),
    ],
)
def test_a_day_whose_midnight_is_skipped_or_comes_twice_turns_at_its_instant(importer, text):
    held = whole_day(importer, text)
    (turning,) = turnings_of(held.fold, on("2024-04-01"))
    as_ticked = turning.at.astimezone(UTC)
    assert [one.cause[1] for one in turnings_at(held.fold, as_ticked)] == ["new"]


def test_an_end_on_a_day_whose_midnight_is_skipped_is_of_who_stated_it():
    start = {"importer": "EG", "effective_at": "2024-03-10"}
    first = measure("first", rate="9", announced_at="2024-03-02", **start)
    over = measure("over", "terminated", importer="EG", effective_at="2025-04-25")
    held = history(entry(first, "2024-03-02"), entry(over, "2024-03-05"))
    (turning,) = turnings_of(held.fold, on("2025-01-01"))
    assert turning.cause[1] == "over"


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([BASE], []),
        ([BASE, later("up", "increased", 10, rate="125")], [("entered_into_force", 10, "up")]),
        ([BASE, later("same", "increased", 10, rate="84")], []),
        ([later("new", "imposed", 10, rate="9")], [("entered_into_force", 10, "new")]),
        ([later("new", "imposed", 10)], [("entered_into_force", 10, "new")]),
        (
            [BASE, later("low", "decreased", 10, rate="5", until=day(20))],
            [("entered_into_force", 10, "low"), ("entered_into_force", 20, "base")],
        ),
        (
            [later("short", "imposed", 10, rate="5", until=day(20))],
            [("entered_into_force", 10, "short"), ("ended", 20, "short")],
        ),
        (
            [
                later("short", "imposed", 10, rate="5", until=day(20)),
                later("next", "increased", 25, rate="6"),
            ],
            [
                ("entered_into_force", 10, "short"),
                ("ended", 20, "short"),
                ("entered_into_force", 25, "next"),
            ],
        ),
        (
            [BASE, later("pause", "suspended", 10, until=day(20))],
            [("suspended", 10, "pause"), ("resumed", 20, "pause")],
        ),
        (
            [
                BASE,
                later("p", "suspended", 10, until=day(20)),
                later("n", "increased", 20, rate="9"),
            ],
            [("suspended", 10, "p"), ("entered_into_force", 20, "n")],
        ),
        (
            [later("n", "imposed", 20, rate="9"), later("p", "suspended", 10, until=day(15))],
            [("suspended", 10, "p"), ("entered_into_force", 20, "n")],
        ),
        ([BASE, later("end", "terminated", 10)], [("ended", 10, "end")]),
        (
            [
                later("short", "imposed", 8, rate="5", until=day(15)),
                later("stop", "suspended", 10, until=day(20)),
            ],
            [("entered_into_force", 8, "short"), ("suspended", 10, "stop"), ("ended", 15, "short")],
        ),
        (
            [
                later("short", "imposed", 20, rate="5", until=day(25)),
                measure("shorter", "extended", announced_at="2025-03-02", until=day(10)),
            ],
            [("ended", 20, "shorter")],
        ),
        ([BASE, later("end", "struck_down", 10)], [("ended", 10, "end")]),
        ([BASE, later("no", "ruled_unlawful", 10, stayed=False)], [("ended", 10, "no")]),
        ([BASE, later("no", "ruled_unlawful", 10, stayed=True)], []),
        (
            [later("new", "imposed", 20, rate="9"), later("over", "terminated", 10)],
            [("ended", 10, "over")],
        ),
        (
            [BASE, later("end", "terminated", 10), later("once-more", "terminated", 10)],
            [("ended", 10, "once-more")],
        ),
        (
            [measure("all", rate="9", effective_at=day(1), expires_at=day(15))],
            [("ended", 15, "all")],
        ),
        (
            [BASE, later("off", "exempted", 10, until=day(20))],
            [("exemption_granted", 10, "off"), ("exemption_ended", 20, "off")],
        ),
        (
            [BASE, later("off", "exempted", 10), later("stop", "suspended", 8)],
            [("suspended", 8, "stop")],
        ),
        ([later("off", "exempted", 10)], []),
        ([BASE, later("off", "exempted", 20), later("over", "exemption_ended", 10)], []),
        (
            [
                BASE,
                later("off", "exempted", 10, until=day(20)),
                later("longer", "exempted", 20, until=day(25)),
            ],
            [("exemption_granted", 10, "off"), ("exemption_ended", 25, "longer")],
        ),
        (
            [BASE, later("ever", "exempted", 1), later("off", "exempted", 10, until=day(20))],
            [],
        ),
        (
            [
                BASE,
                later("no", "ruled_unlawful", 10, stayed=False),
                later("stay", "ruled_unlawful", 20, stayed=True),
            ],
            [("entered_into_force", 20, "base")],
        ),
    ],
)
def test_only_what_differs_turns(events, expected):
    assert turned(*events) == expected


def test_a_pause_of_a_duty_that_is_known_by_nothing_else_turns_too():
    events = [
        measure("p", "suspended", announced_at="2025-03-02", effective_at=day(10), until=day(20))
    ]
    assert turned(*events) == [("suspended", 10, "p"), ("resumed", 20, "p")]


DEADLINE = {"condition": {"deadline": "2025-04-20"}}


def test_a_deadline_passes_when_its_day_is_over_at_the_importers():
    held = history(entry(threat("t", **DEADLINE), "2025-04-01"))
    [found] = turnings_of(held.fold, AFTER)
    assert found.at == on("2025-04-21T04:00")
    assert found.moment.day.day == 20


@pytest.mark.parametrize(
    "settled",
    [
        measure("law", rate="9", realises=ref("t"), effective_at=day(2)),
        threat("back", withdraws=ref("t")),
        claim("no", "t", "denied"),
        claim("gone", "t", "retracted"),
    ],
)
def test_a_threat_that_is_settled_has_no_deadline_any_more(settled):
    assert turned(threat("t", **DEADLINE), settled) == []


def test_a_threat_without_a_deadline_never_lapses():
    assert turned(threat("t"), threat("u", condition={"text": "unless"})) == []


def transit(apply, *more):
    event = measure("duty", rate="9", effective_at=day(2), apply=apply)
    return turned(event, *more)


@pytest.mark.parametrize(
    ("apply", "expected"),
    [
        ({"in_transit": {"loaded_before": day(2), "entered_before": day(20)}}, [20]),
        ({"in_transit": {"loaded_before": day(10), "entered_before": day(20)}}, [10, 20]),
        ({"in_transit": {"loaded_before": day(2), "entered_before": None}}, []),
        ({"in_transit": {"entered_before": "2025-04-20"}}, [20]),
        ({"in_transit": {"entered_before": "some day"}}, []),
        ({"in_transit": {"entered_before": day(3)}}, []),
        ({"in_transit": ["no", "object"]}, []),
        ({"in_transit": None}, []),
        ({}, []),
    ],
)
def test_a_window_for_goods_on_their_way_closes(apply, expected):
    assert [number for _, number, _ in transit(apply)] == expected


def test_a_window_is_nothing_while_the_duty_is_paused_or_gone():
    apply = {"in_transit": {"entered_before": day(20)}}
    assert transit(apply, later("p", "suspended", 10)) == [("suspended", 10, "p")]
    assert transit(apply, later("n", "increased", 2, rate="10")) == []


def test_clocks_that_are_put_back_have_no_eve_an_hour_early():
    """In the hour that comes twice, local time runs backwards over an instant."""
    event = measure("x", rate="9", effective_at={"at": "2025-11-02T06:00:00+00:00", "zone": "UTC"})
    held = history(entry(event, "2025-03-02"))
    assert [one.turn for one in turnings_of(held.fold, AFTER)] == ["entered_into_force"]


def test_what_rests_on_a_simulation_is_told_as_one():
    simulated = later("up", "increased", 20, rate="125") | {"handling": "simulated"}
    held = history(
        *(entry(one, "2025-03-02") for one in (later("new", "imposed", 10, rate="9"), simulated))
    )
    found = {(one.at.day, one.handling) for one in reminders_of(held, AFTER)}
    assert found == {(10, Handling.LIVE), (20, Handling.SIMULATED)}
