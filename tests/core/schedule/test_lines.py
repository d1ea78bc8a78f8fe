"""Rates stand on eight digits."""

from service.core.schedule import find_lines, read_rows
from tests.core.schedule.export import ROWS, bytes_of

LINES = find_lines(read_rows(bytes_of(ROWS)))


def test_a_line_printed_with_its_suffix_is_the_line_of_eight_digits():
    assert LINES.by_digits["01013000"].general == "6.8%"
    assert "0101300000" not in LINES.by_digits


def test_rows_without_a_rate_are_no_lines():
    assert {len(digits) for digits in LINES.by_digits} == {8}
    assert "87032301" in LINES.by_digits


def test_a_rate_under_a_line_that_has_its_own_is_left_out_and_counted():
    assert LINES.by_digits["90065915"].general == "Free"
    assert LINES.left_out["rates under a line of eight digits that has its own"] == 1


def test_chapters_98_and_99_are_left_out_and_counted():
    assert not [digits for digits in LINES.by_digits if digits[:2] in {"98", "99"}]
    counts = {why.split(",")[0]: count for why, count in LINES.left_out.items()}
    assert counts["rows of chapter 98"] == 1
    assert counts["rows of chapter 99"] == 2


def test_a_rate_on_a_heading_is_left_out_and_counted():
    rows = read_rows(bytes_of([ROWS[0] | {"general": "Free"}]))
    assert find_lines(rows).left_out == {"rates on rows of fewer than eight digits": 1}
