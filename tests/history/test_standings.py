"""Month-end standings of 2025 against a table read from the records before the events were."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

from service.core.moment import read_moment
from service.core.standing import standing
from service.core.standing.history import History

TABLE = Path(__file__).parent / "expected_2025.csv"
ROWS = list(csv.DictReader(TABLE.read_text("utf-8").splitlines()))
MONTH_ENDS = sorted({row["month_end"] for row in ROWS})
BESIDE_THE_RATE = {"suspended", "extended", "exempted", "authorised"}
OF_CLAIMS = {"threatened", "never_implemented", "withdrawn", "proposed"}


def end_of(month_end):
    return datetime.fromisoformat(f"{month_end}T23:59:59+00:00").astimezone(UTC)


def stand(histories, measure, month_end):
    subject = f"measure:{measure}"
    at = end_of(month_end)
    return standing(histories.get(subject, History(subject)), at, at)


def basis_of(row):
    """The table writes `component_total` where a text restates the rate: the basis stays."""
    if row["basis"] != "component_total":
        return row["basis"]
    earlier = (
        other["basis"]
        for other in reversed(ROWS[: ROWS.index(row)])
        if other["measure"] == row["measure"] and other["basis"] not in ("", "component_total")
    )
    return next(earlier, "additional")


def read_row(row, importer):
    return {
        "status": row["status"],
        "own_rate": row["own_rate"],
        "applied_rate": row["applied_rate"],
        "basis": basis_of(row),
        "term_starts": row["term_starts"] and read_moment(row["term_starts"], importer).at,
        "until": row["until"] and read_moment(row["until"], importer).at,
    }


def read_standing(found):
    return {
        "status": found.status,
        "own_rate": str(found.duty.percent) if found.duty else "",
        "applied_rate": str(found.applied.percent) if found.applied else "",
        "basis": str(found.duty.basis) if found.duty else "",
        "term_starts": found.effective_at.at if found.effective_at else "",
        "until": found.until.at if found.until else "",
    }


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['measure']}-{row['month_end']}")
def test_a_month_end_stands_as_the_table_says(histories, row):
    found = stand(histories, row["measure"], row["month_end"])
    if not row["status"]:
        assert found is None
    else:
        assert read_standing(found) == read_row(row, found.importer)


def moves_law(entry):
    return getattr(entry.event.data, "moves_law", False)


def law_known(history, at):
    """What can move the law, in the order in which it became known."""
    return [one.event.data for one in history.entries if one.known_at <= at and moves_law(one)]


def starts_of(law):
    """The start of each duty; a delay of the same duty writes over the earlier start."""
    starts = {}
    for data in law:
        if data.effective_at and data.action not in BESIDE_THE_RATE:
            starts[data.duty.model_dump_json() if data.duty else ""] = data.effective_at.at
    return set(starts.values())


@pytest.mark.parametrize("month_end", MONTH_ENDS)
def test_announced_and_not_yet_effective_is_scheduled(measures, month_end):
    at = end_of(month_end)
    for history in measures.values():
        starts = starts_of(law_known(history, at))
        if starts and min(starts) > at:
            found = standing(history, at, at)
            assert (found.status, found.applied) == ("scheduled", None), history.subject


@pytest.mark.parametrize("month_end", MONTH_ENDS)
def test_paused_is_suspended_and_only_then(measures, month_end):
    at = end_of(month_end)
    for history in measures.values():
        law = law_known(history, at)
        pauses = [data for data in law if data.action in ("suspended", "extended")]
        paused = any(one.effective_at.at <= at < one.until.at for one in pauses)
        found = standing(history, at, at)
        if paused:
            assert found.status == "suspended", history.subject
        elif starts_of(law):
            assert found.status != "suspended", history.subject


@pytest.mark.parametrize("month_end", MONTH_ENDS)
def test_a_threat_is_never_in_force(measures, month_end):
    at = end_of(month_end)
    for history in measures.values():
        found = standing(history, at, at)
        if found and not law_known(history, at):
            assert found.status in OF_CLAIMS, history.subject
            assert found.duty is found.applied is None


def test_dropping_every_threat_and_rumour_moves_no_rate_of_the_year(measures):
    for subject, history in measures.items():
        law = tuple(one for one in history.entries if moves_law(one))
        for at in map(end_of, MONTH_ENDS):
            bare = standing(History(subject, law), at, at)
            assert bare is None or standing(history, at, at).law == bare.law


def test_a_floor_that_reaches_back_is_seen_only_with_later_knowledge(histories):
    japan = histories["measure:us-reciprocal-jp"]
    august, september = end_of("2025-08-31"), end_of("2025-09-30")
    assert standing(japan, august, august).duty.basis == "additional_in_lieu"
    assert standing(japan, august, september).duty.basis == "total_floor"


def test_the_fold_does_not_ask_in_which_order_events_came(histories):
    at = end_of("2025-12-31")
    for history in histories.values():
        turned = History(history.subject, tuple(reversed(history.entries)))
        assert standing(turned, at, at) == standing(history, at, at)
