"""Our way with aiokafka's clients: how they are made, bounded in time, and let go of."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.conn import create_conn
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord

from service.log import LogUnavailable, Record
from service.log.kafka.address import Address

# It repeats itself many times a second while a broker is away; what it knows is in our errors.
logging.getLogger("aiokafka").setLevel(logging.CRITICAL)

ANSWER = 5.0  # seconds that the cluster has for one question of ours
PARTING = 3.0  # seconds that a client has to say goodbye
FITTING = 8 * 1024 * 1024  # bytes that a topic of ours takes at once
LARGEST = FITTING - 64 * 1024  # bytes of a record: what frames it must fit too
LAST = 253_402_300_799_000  # the end of the year 9999: a foreign clock may say anything
RETRY = 0.1  # seconds between two attempts of aiokafka's own
SETTLING = 0.5  # seconds that a client has to finish its start when nobody waits for it any more

# What aiokafka raises when a broker is away or a client broken; the last two where its own
# account of a transaction no longer adds up.
AWAY = (KafkaError, OSError, TimeoutError, AssertionError)


def shared(address: Address) -> dict[str, Any]:
    """What every client is told."""
    return {
        "bootstrap_servers": list(address.servers),
        "client_id": address.group,
        "retry_backoff_ms": int(RETRY * 1000),
        **address.security,
    }


def make_producer(address: Address, **more: Any) -> AIOKafkaProducer:
    """Idempotent and acknowledged by all replicas: what was acknowledged is there, once."""
    return AIOKafkaProducer(
        **shared(address),
        acks="all",
        enable_idempotence=True,
        compression_type="lz4",
        linger_ms=2,
        max_batch_size=131_072,
        max_request_size=FITTING,
        metadata_max_age_ms=30_000,
        request_timeout_ms=5_000,
        **more,
    )


def make_consumer(address: Address, **more: Any) -> AIOKafkaConsumer:
    """Reads what is committed, decodes nothing, and never moves or stores a position by itself."""
    return AIOKafkaConsumer(
        **shared(address),
        enable_auto_commit=False,
        auto_offset_reset="none",
        isolation_level="read_committed",
        **more,
    )


@asynccontextmanager
async def answering(address: Address, doing: str, seconds: float = ANSWER) -> AsyncIterator[None]:
    """Bound a talk with the cluster; `LogUnavailable` says what was tried, and what came of it."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except AWAY as error:
        late = f"no answer within {seconds:g} s" if isinstance(error, TimeoutError) else ""
        why = late or str(error) or type(error).__name__
        message = (
            f"{address}: {doing}: {why}."
            " Check that the brokers run and that TARIFFWIRE_LOG_URL names them."
        )
        raise LogUnavailable(message) from error


async def start(address: Address, client: Any) -> None:
    """Start a client. aiokafka keeps the reason of a failure to itself: ask once more for it."""
    try:
        await _start_whole(client)
    except KafkaError as error:
        if "bootstrap" not in str(error):
            raise
        raise KafkaError(await _why(address) or str(error)) from error


async def _start_whole(client: Any) -> None:
    """Cut off in its start, aiokafka forgets its first connection, which then stays open."""
    starting = asyncio.ensure_future(client.start())
    starting.add_done_callback(retrieve)
    try:
        await asyncio.shield(starting)
    except asyncio.CancelledError:
        settling = asyncio.ensure_future(asyncio.wait({starting}, timeout=SETTLING))
        while not settling.done():  # however often it is told
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.shield(settling)
        starting.cancel()
        raise


async def _why(address: Address) -> str:
    """What a bare connection to each broker says."""
    found = []
    for server in address.servers:
        host, _, port = server.rpartition(":")
        try:
            connection = await create_conn(
                host.strip("[]"), int(port), request_timeout_ms=2_000, **address.security
            )
            connection.close()
        except AWAY as error:
            said = str(error) or "it hung up: does it want TLS or a login, or none of them?"
            found.append(f"{server}: {said}")
    return "; ".join(found)


async def release_producer(producer: AIOKafkaProducer) -> None:
    """Stop without waiting for what cannot be sent: by itself it would wait for the broker."""
    sender = producer._sender  # noqa: SLF001 - no public way drops what waits to be sent
    if sender.sender_task:
        # What it trips over while it is stopped is nobody's concern.
        sender.sender_task.remove_done_callback(sender._fail_all)  # noqa: SLF001
        sender.sender_task.add_done_callback(retrieve)
    producer._message_accumulator.fail_all(KafkaError("given up"))  # noqa: SLF001
    await _end(producer.stop())
    await _end(producer.client.close())


async def release_consumer(consumer: AIOKafkaConsumer) -> None:
    """Leave the group and stop. A request that hangs is cut off rather than waited for."""
    stopping = asyncio.ensure_future(consumer.stop())
    await asyncio.wait({stopping}, timeout=PARTING)
    if not stopping.done():
        cut_off(consumer)
    await _end(stopping)
    await _end(consumer._client.close())  # noqa: SLF001 - what was opened while it stopped


def cut_off(client: AIOKafkaConsumer | AIOKafkaAdminClient) -> None:
    """Close its connections: whoever waits for an answer is told that there will be none."""
    for connection in list(client._client._conns.values()):  # noqa: SLF001 - no public way
        connection.close()


def retrieve(done: asyncio.Future[Any]) -> None:
    """Take notice of an error that nobody may be there to hear of."""
    if not done.cancelled():
        done.exception()


async def _end(parting: Coroutine[Any, Any, None] | asyncio.Future[None]) -> None:
    """Bounded, and whatever a client says when it is stopped, it is stopped."""
    with contextlib.suppress(Exception):
        async with asyncio.timeout(PARTING):
            await parting


Wire = tuple[bytes | None, bytes, list[tuple[str, bytes]]]


def encode(records: Sequence[Record]) -> list[Wire]:
    """As Kafka takes them; `UnicodeEncodeError` before anything is sent."""
    found: list[Wire] = []
    for one in records:
        for name, _ in one.headers:
            name.encode()
        key = None if one.key is None else one.key.encode()
        found.append((key, one.value, list(one.headers)))
    return found


def decode(given: ConsumerRecord) -> Record:
    """Ours again. A foreign key that is no text is shown as far as it is one; no value is b""."""
    return Record(
        None if given.key is None else given.key.decode("utf-8", "replace"),
        given.value or b"",
        tuple((name, value or b"") for name, value in given.headers),
        given.offset,
        instant(given.timestamp),
    )


@lru_cache(maxsize=64)
def instant(at: int) -> datetime:
    """Kept, because the records that arrived together share theirs."""
    return datetime.fromtimestamp(min(max(at, 0), LAST) / 1000, UTC)
