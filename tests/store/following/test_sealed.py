"""Which keys the books need, and sealing them anew while others write."""

import asyncio
from dataclasses import replace

import pytest

from service.core.destination.credentials import Credentials, Key
from service.core.proof.signing import secret_from
from service.store.following import sealed
from service.store.following.accounts import DEFAULT
from service.store.following.destinations import (
    change_destination,
    find_destination,
    find_destinations,
    lock_destination,
)
from service.store.following.sealed import check_seals, count_seals, count_stale, reseal
from service.store.following.vault import OPEN_VAULT, Vault, WrongSecretsKey, name_key
from tests.books import NOW, SECRET, add_receiver

OLD, NEW = b"o" * 32, b"n" * 32
BOTH = Vault([NEW, OLD])
ALL = [f"dst_{number}" for number in range(5)]


@pytest.fixture
async def books(db):
    """Two of an earlier release, two under the old key, one under none; and an address."""
    for name in ALL:
        await add_receiver(db, name)
    await add_receiver(db, "dst_mail", "a@b.example", "email")
    for name in ALL[2:4]:
        await _write(db, Vault([OLD]), name)
    await _write(db, OPEN_VAULT, ALL[4])
    return db


async def _write(db, vault, name):
    held = Credentials((Key(_secret_of(name), NOW),))
    async with db.write() as session:
        value = await find_destination(session, DEFAULT, name)
        await change_destination(session, replace(value, secrets=(), sealed=vault.seal(name, held)))


def _secret_of(name):
    return secret_from(name.encode() * 5)


async def _signing(db, vault):
    async with db.read() as session:
        found = await find_destinations(session, DEFAULT, ALL)
    return {
        name: vault.open(name, one.sealed, one.secrets).signing(NOW) for name, one in found.items()
    }


async def test_the_books_say_which_keys_they_need(books):
    async with books.read() as session:
        assert await count_seals(session) == {name_key(OLD): 2, "unsealed": 1}
        assert await count_stale(session, BOTH) == 5
        assert await count_stale(session, Vault([OLD])) == 3
        await check_seals(session, BOTH)
        await check_seals(session, Vault([OLD]))
        for vault in (Vault([NEW]), OPEN_VAULT):
            with pytest.raises(WrongSecretsKey, match=name_key(OLD)):
                await check_seals(session, vault)


async def test_everything_is_sealed_anew_in_batches_and_the_old_key_can_go(books, monkeypatch):
    monkeypatch.setattr(sealed, "BATCH", 2)
    before = await _signing(books, BOTH)
    after, counts = "", []
    while after is not None:
        async with books.write() as session:
            done = await reseal(session, BOTH, after)
        after = done.after
        counts.append(done.count)
    assert counts == [2, 2, 1]
    assert await _signing(books, Vault([NEW])) == before
    assert before[ALL[0]] == (SECRET,)
    assert before[ALL[3]] == (_secret_of(ALL[3]),)
    async with books.read() as session:
        assert await count_seals(session) == {name_key(NEW): 5}
        assert await count_stale(session, BOTH) == 0


async def test_what_was_broken_off_is_simply_begun_again(books, monkeypatch):
    monkeypatch.setattr(sealed, "BATCH", 2)
    async with books.write() as session:
        await reseal(session, BOTH)
    monkeypatch.setattr(sealed, "BATCH", 500)
    async with books.write() as session:
        done = await reseal(session, BOTH)
    assert (done.count, done.after) == (3, None)
    async with books.write() as session:
        assert (await reseal(session, BOTH)).count == 0


async def test_whoever_changes_one_meanwhile_is_waited_for_and_kept(server):
    await add_receiver(server, "dst_0")
    async with server.write() as busy:
        held = await find_destination(busy, DEFAULT, "dst_0")
        await change_destination(busy, replace(held, name="new"))
        other = asyncio.create_task(_reseal(server))
        await asyncio.sleep(0.1)
        assert not other.done()
        fresh = BOTH.seal("dst_0", Credentials((Key(_secret_of("dst_0"), NOW),)))
        await change_destination(busy, replace(held, name="new", secrets=(), sealed=fresh))
    await other
    async with server.read() as session:
        found = await find_destination(session, DEFAULT, "dst_0")
    assert found.name == "new"
    assert BOTH.open("dst_0", found.sealed).signing(NOW) == (_secret_of("dst_0"),)


async def test_of_two_changes_at_once_both_are_kept(server):
    await add_receiver(server, "dst_0")

    async def rename(letter):
        async with server.write() as session:
            held = await lock_destination(session, DEFAULT, "dst_0")
            await asyncio.sleep(0.05)
            await change_destination(session, replace(held, name=held.name + letter))

    await asyncio.gather(rename("a"), rename("b"))
    async with server.read() as session:
        found = await find_destination(session, DEFAULT, "dst_0")
    assert sorted(found.name.removeprefix("dst_0")) == ["a", "b"]


async def _reseal(db):
    async with db.write() as session:
        await reseal(session, BOTH)
