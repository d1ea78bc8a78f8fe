"""Signed links: made by us, for one purpose, about one reader, for a while."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.proof.link import LASTS, BadLink, Links, OldLink, Purpose, seal, unseal

NOW = datetime(2025, 4, 9, 12, tzinfo=UTC)
KEY = bytes(range(32))
LINKS = Links(KEY, "https://wire.example/")
READER = ("dst_1", "desk@importer.example")


def token_of(url):
    return url.rpartition("/")[2]


@pytest.mark.parametrize("purpose", Purpose)
def test_a_link_leads_to_its_page_and_names_its_reader(purpose):
    url = LINKS.make(purpose, *READER, NOW)
    assert url.startswith(f"https://wire.example/m/{purpose}/")
    reader = LINKS.read(purpose, token_of(url), NOW)
    assert reader.destination == "dst_1"
    assert reader.is_at("desk@importer.example")


def test_a_link_says_nothing_for_another_address():
    url = LINKS.make(Purpose.UNSUBSCRIBE, *READER, NOW)
    assert not LINKS.read(Purpose.UNSUBSCRIBE, token_of(url), NOW).is_at("else@importer.example")
    assert "importer" not in url


def test_a_link_for_one_purpose_opens_no_other():
    token = token_of(LINKS.make(Purpose.PREFERENCES, *READER, NOW))
    with pytest.raises(BadLink):
        LINKS.read(Purpose.CONFIRM, token, NOW)


@pytest.mark.parametrize("purpose", Purpose)
def test_a_link_ends(purpose):
    token = seal(KEY, purpose, "x", NOW)
    assert unseal(KEY, purpose, token, NOW + LASTS[purpose]) == "x"
    with pytest.raises(OldLink):
        unseal(KEY, purpose, token, NOW + LASTS[purpose] + timedelta(seconds=1))


def test_another_installation_does_not_know_it():
    with pytest.raises(BadLink):
        unseal(b"another", Purpose.CONFIRM, seal(KEY, Purpose.CONFIRM, "x", NOW), NOW)


@given(st.text(max_size=200))
def test_what_was_made_up_is_refused_in_one_way(text):
    with pytest.raises(BadLink, match="not one of ours"):
        unseal(KEY, Purpose.CONFIRM, text, NOW)


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_a_changed_byte_is_noticed(place, flip):
    sealed = bytearray(seal(KEY, Purpose.CONFIRM, "dst_1.abc", NOW).encode())
    sealed[place % (len(sealed) - 1)] ^= flip
    with pytest.raises(BadLink):
        unseal(KEY, Purpose.CONFIRM, sealed.decode("latin-1"), NOW)


@given(st.text(st.characters(codec="utf-8"), max_size=80))
def test_whatever_is_sealed_comes_back(about):
    assert unseal(KEY, Purpose.CONFIRM, seal(KEY, Purpose.CONFIRM, about, NOW), NOW) == about


def test_a_page_to_forward_carries_no_token():
    assert LINKS.forward(UUID(int=7)) == f"https://wire.example/a/{UUID(int=7)}"


def test_the_key_is_not_shown():
    assert str(KEY) not in repr(LINKS)
