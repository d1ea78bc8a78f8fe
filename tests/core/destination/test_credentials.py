"""Keys of a destination: rotated with a grace, revoked, and told apart without being shown."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.destination.credentials import (
    MOST_KEYS,
    NOTHING,
    Credentials,
    Key,
    LastKey,
    TooManyKeys,
    add_key,
    drop_kind,
    hint,
    read_credentials,
    revoke_key,
    with_plain,
    write_credentials,
)
from service.core.proof.signing import private_from, secret_from
from service.core.sending.delivery import Route

NOW = datetime(2025, 4, 9, 20, tzinfo=UTC)
DAY = timedelta(days=1)
AT_ONCE = timedelta(0)


def shared(number: int, made_at: datetime | None = NOW) -> Key:
    return Key(secret_from(bytes([number]) * 32), made_at)


def private(number: int) -> Key:
    return Key(private_from(bytes([number]) * 32), NOW)


ONE = add_key(NOTHING, shared(1), NOW, AT_ONCE)
PAIR = add_key(ONE, private(1), NOW, AT_ONCE)


def test_a_former_key_signs_until_its_grace_is_over():
    held = add_key(ONE, shared(2), NOW, DAY)
    both = (shared(2).text, shared(1).text)
    assert held.signing(NOW) == both
    assert held.signing(NOW + DAY - timedelta(microseconds=1)) == both
    assert held.signing(NOW + DAY) == (shared(2).text,)


def test_without_grace_the_former_key_is_gone():
    assert add_key(ONE, shared(2), NOW, AT_ONCE).keys == (shared(2),)


def test_a_grace_is_never_made_longer_by_the_next_rotation():
    held = add_key(add_key(ONE, shared(2), NOW, DAY), shared(3), NOW, 30 * DAY)
    assert [key.expires_at for key in held.keys] == [None, NOW + 30 * DAY, NOW + DAY]


def test_expired_keys_are_dropped_by_whatever_comes_next():
    held = add_key(ONE, shared(2), NOW, DAY)
    assert add_key(held, shared(3), NOW + 2 * DAY, DAY).keys[1:] == (
        replace(shared(2), expires_at=NOW + 3 * DAY),
    )


def test_a_rotation_leaves_the_other_kind_alone():
    held = add_key(PAIR, shared(2), NOW, AT_ONCE)
    assert held.keys == (shared(2), private(1))
    assert held.kinds == ("v1", "v1a")


def test_a_key_that_is_brought_again_signs_on_and_is_there_once():
    held = add_key(add_key(ONE, shared(2), NOW, DAY), shared(1), NOW, DAY)
    assert held.keys == (shared(1), replace(shared(2), expires_at=NOW + DAY))


def test_more_than_a_few_at_once_are_refused_and_expired_ones_do_not_count():
    held = ONE
    for number in range(2, MOST_KEYS + 1):
        held = add_key(held, shared(number), NOW, DAY)
    with pytest.raises(TooManyKeys, match="4 keys sign already"):
        add_key(held, shared(9), NOW, DAY)
    assert len(add_key(held, private(1), NOW, DAY).keys) == MOST_KEYS + 1
    assert len(add_key(held, shared(9), NOW, AT_ONCE).keys) == 1
    assert len(add_key(held, shared(9), NOW + DAY, DAY).keys) == 2


def test_a_revoked_key_signs_no_more():
    held = add_key(ONE, shared(2), NOW, DAY)
    assert revoke_key(held, shared(1).id, NOW).keys == (shared(2),)


def test_a_key_without_a_successor_is_not_revoked():
    held = add_key(PAIR, shared(2), NOW, DAY)
    for key in (shared(2), private(1)):
        with pytest.raises(LastKey):
            revoke_key(held, key.id, NOW)


def test_of_two_that_do_not_expire_either_may_go():
    held = with_plain(NOTHING, [shared(2).text, shared(1).text])
    assert revoke_key(held, shared(2).id, NOW).signing(NOW) == (shared(1).text,)
    assert revoke_key(held, shared(1).id, NOW).signing(NOW) == (shared(2).text,)


def test_a_kind_that_is_not_wanted_any_more_goes_at_once():
    assert drop_kind(PAIR, "v1a", NOW) == ONE


def test_what_an_earlier_release_wrote_is_newer_than_what_is_sealed():
    held = with_plain(ONE, [shared(2).text, shared(1).text])
    assert held.keys == (shared(2, None), shared(1))
    assert with_plain(ONE, []) is ONE
    assert with_plain(ONE, [shared(1).text]) is ONE


keys = st.builds(
    Key,
    st.binary(min_size=24, max_size=64).map(secret_from),
    st.none() | st.datetimes(timezones=st.just(UTC)),
    st.none() | st.datetimes(timezones=st.just(UTC)),
)
credentials = st.builds(
    Credentials,
    st.lists(keys, max_size=4).map(tuple),
    st.lists(st.tuples(st.text(), st.text()), max_size=3).map(tuple),
    st.builds(Route, st.text(), st.text(), st.text()),
)


@given(credentials)
def test_what_is_written_is_read_back(held):
    assert read_credentials(write_credentials(held)) == held


@given(credentials)
def test_nothing_secret_is_printed(held):
    shown = repr(held)
    assert all(key.text.removeprefix("whsec_") not in shown for key in held.keys)
    assert "headers" not in shown


@pytest.mark.parametrize(
    ("text", "shown"), [("whsec_abcdefgh", "…efgh"), ("12345678", "…"), ("", "…")]
)
def test_a_hint_hides_what_is_too_short_to_hide(text, shown):
    assert hint(text) == shown


def test_an_id_is_of_the_key_and_does_not_hold_it():
    assert shared(1).id == shared(1, None).id != shared(2).id
    assert shared(1).id.startswith("key_")
