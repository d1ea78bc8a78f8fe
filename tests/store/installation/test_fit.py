"""What is said of a database and a log, from what each says of itself."""

import pytest

from service.log import Mark, Position
from service.store.installation.fit import OfDatabase, OfLog, Verdict, fit

PLACE = ("tariffs", 0)
OURS, THEIRS = "d-ours", "d-theirs"


def books(at=10, log_id="log-1", **said):
    places = {} if at is None else {PLACE: Position(log_id, at)}
    return OfDatabase(deployment=OURS, bookmarks=places, **said)


def log(end=10, mark=10, of=OURS, **said):
    marks = {} if mark is None else {PLACE: Mark(of, mark)}
    return OfLog(id="log-1", ends={PLACE: end}, marks=marks, **said)


@pytest.mark.parametrize(
    ("books", "log"),
    [
        (books(), log()),
        (books(), log(end=50)),
        (books(), log(mark=3)),
        (books(), log(mark=None)),
        (books(None), log(mark=None)),
        (books(None, log_id="log-1"), log(mark=0)),
        (books(), log(of="")),
        (books(judged={PLACE: 12}), log(end=12, mark=12)),
    ],
    ids=[
        "both at the end",
        "records unread",
        "a mark written late",
        "never marked",
        "nothing read yet",
        "adopted, and nothing read since",
        "a mark of nobody",
        "judged before, and released",
    ],
)
def test_what_fits_is_served_and_sends(books, log):
    verdict = fit(books, log, "")
    assert not verdict.refusal
    assert not verdict.hold


@pytest.mark.parametrize(
    ("books", "log", "words"),
    [
        (books(log_id="log-0"), log(), ["set on log log-0", "this is log log-1", "restore both"]),
        (books(None), log(of=THEIRS), [THEIRS, "up to 10", OURS]),
        (OfDatabase(deployment=OURS, log_id="log-0"), log(mark=None), ["set on log log-0"]),
        (books(at=25), log(end=10), ["tariffs/0 ends at 10", "up to 25, 15 further"]),
        (books(at=5), OfLog(id="log-1"), ["tariffs/0 ends at 0", "5 further"]),
        (books(at=10), log(of=THEIRS), ["Another database follows this log", THEIRS]),
    ],
    ids=[
        "another log",
        "a new database on a log in use",
        "another log, nothing read yet",
        "a log restored from before",
        "a partition that is gone",
        "two databases on one log",
    ],
)
def test_what_does_not_fit_is_refused_with_the_remedy(books, log, words):
    verdict = fit(books, log, "")
    for word in [*words, "tariffwire adopt"]:
        assert word in verdict.refusal
    assert not verdict.hold


def test_a_database_restored_from_before_its_mark_is_served_and_sends_nothing():
    verdict = fit(books(at=4), log(mark=9), "")
    assert not verdict.refusal
    assert "tariffs/0 up to 9, and stands at 4" in verdict.hold
    assert verdict.judged == {PLACE: 9}


def test_one_that_had_read_nothing_at_its_backup_is_held_as_well():
    assert "stands at 0" in fit(books(None), log(mark=9), "").hold


def test_a_later_mark_is_judged_anew():
    """The same backup restored twice: between the two, more was sent."""
    assert fit(books(at=4, judged={PLACE: 9}), log(mark=8), "").hold


@pytest.mark.parametrize(
    ("said", "given", "expected"),
    [
        ({}, "", Verdict()),
        ({"name": "main"}, "", Verdict(name="main")),
        ({}, "main", Verdict(name="main")),
        ({"name": "main"}, "main", Verdict(name="main")),
        ({"name": "main", "asked": "test"}, "test", Verdict(name="test")),
        ({"name": "main", "asked": "test"}, "main", Verdict(name="main")),
        ({"asked": "test", "has_alerted": True}, "test", Verdict(name="test")),
        (
            {"name": "main", "asked": "test", "hold": "…"},
            "test",
            Verdict(name="main", asked="test"),
        ),
    ],
    ids=[
        "never named",
        "not asked for a name",
        "the first name",
        "its own name",
        "another name, released",
        "its own name again",
        "nameless before, released",
        "another name, still held",
    ],
)
def test_names_that_need_no_new_hold(said, given, expected):
    assert fit(books(**said), log(), given) == expected


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"name": "main"}, "last served as 'main', and this is 'test'"),
        ({"name": "main", "asked": "other", "hold": "…"}, "this is 'test'"),
        ({"has_alerted": True}, "served without a name before"),
    ],
    ids=["another name", "a third name", "nameless books that have alerted"],
)
def test_under_another_name_nothing_is_sent_until_it_is_released(said, words):
    verdict = fit(books(**said), log(), "test")
    assert words in verdict.hold
    assert verdict.asked == "test"
    assert verdict.name == said.get("name")


def test_both_reasons_are_said():
    verdict = fit(books(at=4, name="main"), log(mark=9), "test")
    assert "older than its log" in verdict.hold
    assert "must not write to customers" in verdict.hold
