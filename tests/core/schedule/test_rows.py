"""An export, whatever its wrapping; and what is none, refused in words."""

import gzip
import json

import pytest

from service.core.schedule import WrongSchedule, read_rows, rows
from tests.core.schedule.export import ROWS, bytes_of, row


def test_rows_are_read_plain_gzipped_and_from_an_excerpt():
    plain = bytes_of(ROWS)
    found = read_rows(plain)
    assert len(found) == len(ROWS)
    assert found[4].digits == "0101300000"
    assert found[4].general == "6.8%"
    assert found[1].digits == ""
    assert read_rows(gzip.compress(plain, mtime=0)) == found
    assert read_rows(json.dumps({"_source": "…", "rows": ROWS}).encode()) == found


def test_a_rate_that_is_null_is_no_rate():
    assert read_rows(bytes_of([row("0101", None, None, None)]))[0] == ("0101", "", "", "")


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"htsno,general\n0101,Free", "not JSON: Expecting value at line 1 column 1"),
        (b'[{"htsno": "\xff"}]', "byte 12 is not UTF-8"),
        (b"[" * 200_000, "nested too deeply"),
        (b"{}", "no list of rows"),
        (b"[]", "no list of rows"),
        (b"[1]", "row 1 is no object"),
        (b'[{"htsno": "0101"}]', "row 1 has no `general`"),
        (
            bytes_of([row("0101"), row("0101", general=2.5)]),
            "row 2: its number and rates are texts",
        ),
        (bytes_of([row("01-01")]), "row 1: '01-01' is no number of the schedule"),
        (gzip.compress(b"[]", mtime=0)[:-9], "it is cut short"),
        (b"\x1f\x8bno archive at all", "its gzip archive is damaged"),
    ],
)
def test_what_is_no_export_is_refused_with_a_way_to_mend_it(raw, says):
    with pytest.raises(WrongSchedule, match=r"hts\.usitc\.gov|fetch it again") as caught:
        read_rows(raw)
    assert says in str(caught.value)


def test_an_archive_that_unpacks_without_end_is_refused(monkeypatch):
    monkeypatch.setattr(rows, "LARGEST", 1000)
    with pytest.raises(WrongSchedule, match="unpacks to more than 1,000 bytes"):
        read_rows(gzip.compress(b" " * 100_000, mtime=0))
