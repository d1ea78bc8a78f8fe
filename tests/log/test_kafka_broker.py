"""A broker of our own: it dies and returns, and it asks who is there."""

import asyncio
import subprocess
from contextlib import aclosing

import pytest

from service.log import CHANGES, LogUnavailable, open_log
from tests.engines.kafka import Kafka
from tests.engines.server import free_port
from tests.log.reading import Reader, entries

pytestmark = [
    pytest.mark.needs_real_kafka("what happens when the broker is killed, and who may enter"),
    pytest.mark.needs_program("openssl", "java", "mvn"),
]

LOGIN = 'org.apache.kafka.common.security.plain.PlainLoginModule required user_ann="s3cr:et";'


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    """Plain as ever at one port, and with TLS and a login at another."""
    folder = tmp_path_factory.mktemp("authority")
    for name in ("ours", "theirs"):
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
                *("-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem"),
                *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            ],
            check=True,
            capture_output=True,
        )
    keys = folder / "both.pem"
    keys.write_text((folder / "ours.key").read_text() + (folder / "ours.pem").read_text())
    guarded = f"SAFE://127.0.0.1:{free_port()}"
    server = Kafka(
        {
            "listener.security.protocol.map": (
                "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SAFE:SASL_SSL"
            ),
            "sasl.enabled.mechanisms": "PLAIN",
            "listener.name.safe.plain.sasl.jaas.config": LOGIN,
            "listener.name.safe.ssl.keystore.type": "PEM",
            "listener.name.safe.ssl.keystore.location": str(keys),
        }
    )
    for setting in ("listeners", "advertised.listeners"):
        server.settings[setting] += f",{guarded}"
    server.authority = folder
    server.guarded = guarded.removeprefix("SAFE://")
    with server:
        yield server


async def test_login_and_tls_reach_every_client(broker, clock):
    query = f"security_protocol=SASL_SSL&ssl_cafile={broker.authority}/ours.pem"
    url = f"kafka://ann:s3cr%3Aet@{broker.guarded}/safe?{query}"
    async with open_log(url, clock) as log:
        await log.prepare()
        await log.append("tariffs", entries("a"))
        await Reader(log).read(1)
        async with log.publisher(CHANGES) as publisher:
            await publisher.publish(entries("b"), 1)
        await log.mark("here", {("tariffs", 0): 1})
        assert await log.marks()


@pytest.mark.parametrize(
    ("login", "authority", "said"),
    [
        ("ann:wr0ng", "ours", "Invalid username or password|[Aa]uthentication failed"),
        ("ann:s3cr%3Aet", "theirs", "certificate verify failed"),
    ],
)
async def test_who_may_not_enter_is_told_why(broker, clock, login, authority, said):
    query = f"security_protocol=SASL_SSL&ssl_cafile={broker.authority}/{authority}.pem"
    async with open_log(f"kafka://{login}@{broker.guarded}/safe?{query}", clock) as log:
        for call in (log.append("tariffs", entries("a")), log.ends("tariffs")):
            with pytest.raises(LogUnavailable, match=said) as refusal:
                await call
            assert "wr0ng" not in str(refusal.value)
            assert "s3cr" not in str(refusal.value)


async def test_all_go_on_when_a_killed_broker_returns(broker, clock):
    """Trap 6 and 7 under a live producer; a follower that does not end; a publisher that asks."""
    url = f"kafka://{broker.address}/killed?partitions=2"
    async with asyncio.timeout(200), open_log(url, clock) as log:
        await log.prepare()
        await log.append("tariffs", entries("before"))
        reader = Reader(log)
        reading = asyncio.create_task(reader.read(2))
        async with log.publisher(CHANGES) as publisher:
            await publisher.publish(entries("a"), 1)
            await asyncio.to_thread(broker.kill)
            for _ in "twice":
                with pytest.raises(LogUnavailable):
                    await log.append("tariffs", entries("away"))
            with pytest.raises(LogUnavailable):
                await log.ends("tariffs")
            with pytest.raises(LogUnavailable):
                await publisher.publish(entries("b"), 2)
            await asyncio.to_thread(broker.start)
        await append_at_last(log, "after")
        await reading
        assert set(reader.found) >= {"before", "after"} - {"away"}
        async with log.publisher(CHANGES) as publisher:
            assert publisher.position in {1, 2}  # what became of the second is told by Kafka
            position = publisher.position
            await publisher.publish(entries("c"), position + 1)
        assert sum((await log.ends(CHANGES)).values()) > position


async def append_at_last(log, word):
    while True:
        try:
            await log.append("tariffs", entries(word))
        except LogUnavailable:
            await asyncio.sleep(0.1)
        else:
            return


async def test_closing_while_the_broker_is_gone_hangs_nothing(broker, clock):
    url = f"kafka://{broker.address}/gone?partitions=1"
    try:
        async with asyncio.timeout(100):
            async with open_log(url, clock) as log:
                await log.prepare()
                await log.append("tariffs", entries("a", "b"))
                reader = Reader(log)
                async with aclosing(reader.follow(limit=1)) as batches:
                    reader.take(await anext(batches))
                    async with log.publisher(CHANGES) as publisher:
                        await publisher.publish(entries("a"), 1)
                        await asyncio.to_thread(broker.kill)
                        late = asyncio.create_task(log.append("tariffs", entries("late")))
            with pytest.raises(LogUnavailable):
                await late
    finally:
        await asyncio.to_thread(broker.start)
