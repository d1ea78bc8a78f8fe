"""`TARIFFWIRE_RELATIONS`: read at the start, or refused with what to mend."""

import pytest

from service.settings import BadSetting, Settings, read_settings

COVER = '{"covers": [{"id": "mine", "importer": "US", "from": "2026-01-01"}]}'


def settings_with(path):
    return read_settings({}, relations=str(path))


def test_the_file_goes_over_what_comes_with_us(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(COVER, "utf-8")
    found = settings_with(path).rules
    assert "mine" in {one.id for one in found.covers}
    assert found.relations == Settings().rules.relations


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (None, "TARIFFWIRE_RELATIONS|cannot read"),
        (b"\xff\xfe", "cannot read"),
        (b"{", "mine.json: line 1, column 2: this is no JSON"),
        (b'{"covers": [{"id": "x", "importer": "US"}]}', r"covers\[0\] \(x\).from: this field is"),
    ],
)
def test_a_file_that_cannot_be_used_stops_the_start(tmp_path, written, said):
    path = tmp_path / "mine.json"
    if written is not None:
        path.write_bytes(written)
    with pytest.raises(BadSetting, match=said):
        settings_with(path)
