"""Credentials at rest: what a key seals, only that key opens, and only where it was sealed."""

from datetime import UTC, datetime, timedelta

import pytest

from service.core.destination.credentials import NOTHING, Credentials, Key, add_key
from service.core.proof.signing import private_from, secret_from
from service.core.sending.delivery import Route
from service.store.following.vault import OPEN_VAULT, Vault, WrongSecretsKey, name_key

NOW = datetime(2025, 4, 9, 20, tzinfo=UTC)
OLD, NEW = b"o" * 32, b"n" * 32
SECRET = secret_from(b"s" * 32)
FULL = add_key(
    Credentials(
        (Key(SECRET, NOW), Key(private_from(b"p" * 32), NOW)),
        (("Authorization", "Bearer hidden"),),
        Route("authority", "certificate", "key"),
    ),
    Key(secret_from(b"t" * 32), NOW),
    NOW,
    timedelta(days=1),
)


def test_what_is_sealed_is_opened_whole_and_shows_nothing():
    sealed = Vault([NEW]).seal("dst_a", FULL)
    assert Vault([NEW]).open("dst_a", sealed) == FULL
    for secret in (SECRET, "Bearer hidden", "Authorization", "certificate", "whsk"):
        assert secret not in sealed
    assert sealed.startswith(f"{name_key(NEW)}:")


def test_the_same_is_never_sealed_to_the_same_text():
    assert Vault([NEW]).seal("dst_a", FULL) != Vault([NEW]).seal("dst_a", FULL)


def test_the_newest_key_seals_and_all_of_them_open():
    both = Vault([NEW, OLD])
    assert both.open("dst_a", Vault([OLD]).seal("dst_a", FULL)) == FULL
    assert Vault([NEW]).open("dst_a", both.seal("dst_a", FULL)) == FULL
    with pytest.raises(WrongSecretsKey):
        Vault([OLD]).open("dst_a", both.seal("dst_a", FULL))


def test_a_missing_key_is_named_with_the_setting_and_what_to_do():
    sealed = Vault([OLD]).seal("dst_a", FULL)
    for vault in (Vault([NEW]), OPEN_VAULT):
        with pytest.raises(WrongSecretsKey) as refused:
            vault.open("dst_a", sealed)
        said = str(refused.value)
        assert "TARIFFWIRE_SECRETS_KEY" in said
        assert name_key(OLD) in said
        assert "Nothing is lost" in said


def test_what_was_moved_to_another_row_or_altered_is_not_opened():
    vault = Vault([NEW])
    sealed = vault.seal("dst_a", FULL)
    with pytest.raises(WrongSecretsKey, match="dst_b holds was altered, or is another's"):
        vault.open("dst_b", sealed)
    altered = sealed[:-6] + ("B" if sealed[-6] != "B" else "C") + sealed[-5:]
    with pytest.raises(WrongSecretsKey, match="dst_a holds was altered"):
        vault.open("dst_a", altered)


def test_without_a_key_it_is_written_as_it_is_and_a_later_key_reads_it():
    text = OPEN_VAULT.seal("dst_a", FULL)
    assert SECRET in text
    assert OPEN_VAULT.open("dst_a", text) == FULL
    assert Vault([NEW]).open("dst_a", text) == FULL
    assert (OPEN_VAULT.seals, Vault([NEW]).seals) == (False, True)


def test_nothing_is_sealed_to_nothing():
    for vault in (OPEN_VAULT, Vault([NEW])):
        assert vault.seal("dst_a", NOTHING) == ""
        assert vault.open("dst_a", "") == NOTHING


def test_plain_secrets_of_an_earlier_release_are_read_beside_what_is_sealed():
    vault = Vault([NEW])
    assert vault.open("dst_a", "", [SECRET]).signing(NOW) == (SECRET,)
    fresh = secret_from(b"f" * 32)
    assert vault.open("dst_a", vault.seal("dst_a", FULL), [fresh]).signing(NOW)[0] == fresh


def test_the_id_of_a_key_does_not_give_it_away():
    assert len(name_key(NEW)) == len("unsealed")
    assert name_key(NEW) != name_key(OLD)
    assert NEW.hex()[:8] not in name_key(NEW)
