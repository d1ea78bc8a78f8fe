"""A correlation as CSV: old and new codes, many to many; nothing is guessed."""

import pytest

from service.core.catalogue import BadTable
from service.core.catalogue.correlating import Step, read_steps
from service.core.codes import UnknownNomenclature


def test_codes_are_split_merged_and_retired():
    found = read_steps(
        b"old;new;kind\n8703.23.01;8703.23.02;split\n87032301;8703 2303;\n8703.23.04;;\n", "HTSUS"
    )
    assert found.bad == ()
    assert found.steps == (
        Step(2, "87032301", "87032302", "split"),
        Step(3, "87032301", "87032303", "moved"),
        Step(4, "87032304", "", "retired"),
    )


@pytest.mark.parametrize("header", ["HS2022,HS2028", "From,To", "Old code,New code"])
def test_editions_name_their_columns(header):
    (step,) = read_steps(f"{header}\n8703.23,8703.25\n".encode(), "HS").steps
    assert (step.old, step.new) == ("870323", "870325")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("101.21,0101.22,", "dropped a zero"),
        ("cars,8703,", "old: 'cars' is no product code"),
        (",8703,", "there is no old code"),
        ("8703,8704," + "x" * 41, "at most 40 characters"),
        ("8703.23.01,8703.23.02,", "more than six digits"),
    ],
)
def test_a_row_that_cannot_be_read_says_why(row, said):
    found = read_steps(f"old,new,kind\n{row}\n".encode(), "HS")
    assert found.steps == ()
    assert said in found.bad[0].what


def test_a_file_that_is_no_correlation_is_refused():
    with pytest.raises(BadTable, match="no column is named new"):
        read_steps(b"old\n8703\n", "HS")
    with pytest.raises(BadTable, match="no codes below"):
        read_steps(b"old,new\n", "HS")
    with pytest.raises(UnknownNomenclature):
        read_steps(b"old,new\n8703,8704\n", "XX")
