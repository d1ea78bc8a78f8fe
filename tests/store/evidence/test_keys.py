"""The key that signs evidence: one for all processes, and under the seal of all secrets."""

import asyncio

import pytest

from service.core.destination.credentials import Key
from service.core.proof.signing import private_from, public_of
from service.store.evidence.keys import know_key, list_keys
from service.store.following.sealed import check_seals, count_seals, count_stale, reseal
from service.store.following.vault import OPEN_VAULT, Vault, WrongSecretsKey, name_key
from tests.books import NOW

OLD, NEW = b"o" * 32, b"n" * 32


def drawn(place=0):
    return Key(private_from(bytes([place]) * 32), NOW)


async def know(db, vault=OPEN_VAULT, place=0):
    async with db.write() as session:
        return await know_key(session, vault, drawn(place), NOW)


async def test_the_first_that_was_drawn_is_the_key_whoever_asks(db):
    found = await asyncio.gather(*(know(db, place=place) for place in range(4)))
    assert len({one.text for one in found}) == 1
    async with db.read() as session:
        assert [(one.text, one.made_at) for one in await list_keys(session)] == [
            (public_of(found[0].text), NOW)
        ]


async def test_it_is_sealed_with_the_secrets_and_sealed_anew_with_them(db):
    await know(db, Vault([OLD]))
    both, newer = Vault([NEW, OLD]), Vault([NEW])
    async with db.read() as session:
        assert await count_seals(session) == {name_key(OLD): 1}
        assert await count_stale(session, both) == 1
        with pytest.raises(WrongSecretsKey):
            await check_seals(session, newer)
    async with db.write() as session:
        assert (await reseal(session, both)).count == 1
        assert (await reseal(session, both)).count == 0
    async with db.read() as session:
        await check_seals(session, newer)
        assert await count_stale(session, newer) == 0
    assert (await know(db, newer, place=7)).text == drawn().text
