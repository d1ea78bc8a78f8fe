"""The topics: made or checked by `prepare`, and the identity that is kept among them."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, UnknownTopicOrPartitionError, for_code
from aiokafka.structs import TopicPartition

from service.log import CHANGES, TOPICS, LogMisfit
from service.log.kafka.address import Address
from service.log.kafka.connection import (
    FITTING,
    RETRY,
    answering,
    make_consumer,
    make_producer,
    release_consumer,
    release_producer,
    start,
)
from service.log.kafka.desk import REMEDY, Desk

IDENTITY = "identity"
PREPARING = 20.0  # seconds
SMALLEST = 2 * 1024 * 1024  # bytes: an event of 1 MiB, with room for its headers
MONTH = 30 * 24 * 3600 * 1000  # milliseconds

FOREVER: Mapping[str, str] = {"retention.ms": "-1", "retention.bytes": "-1"}
SETTINGS: Mapping[str, Mapping[str, str]] = {
    # We prune what consumers read ourselves, by `retain`: never past a bookmark.
    **{plain: FOREVER for plain in TOPICS},  # noqa: C420 - no need to copy: nobody writes to it
    CHANGES: {"retention.ms": str(MONTH)},
    IDENTITY: FOREVER,
}
ALWAYS: Mapping[str, str] = {
    "max.message.bytes": str(FITTING),
    "message.timestamp.type": "LogAppendTime",
    "cleanup.policy": "delete",
}


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the log is: the cluster, and a random word that lives and dies with the topics.

    The word stands in a topic of its own. The first one counts, so that several processes may
    prepare at once; one with the key `again` was written after a topic had to be made anew while
    the others lived on, and counts from then on. The topic is not compacted: that would let the
    last of several first words win, at some later time.
    """

    cluster: str
    words: tuple[tuple[bytes | None, str], ...]

    @property
    def id(self) -> str:
        """`<cluster>/<word>`."""
        again = [word for key, word in self.words if key == b"again"]
        return f"{self.cluster}/{again[-1] if again else self.words[0][1]}"


async def find_identity(desk: Desk) -> Identity | None:
    """Who the log is; None where nobody has prepared it yet."""
    topic = desk.address.topic(IDENTITY)
    async with desk.ask("the log's identity could not be read"):
        cluster = await desk.cluster_id()
        if topic not in await desk.partitions(topic):
            return None
        place = TopicPartition(topic, 0)
        end = (await desk.ends([place]))[place]
        found = Identity(cluster, tuple(await _read_words(desk.address, place, end)))
    if not found.words:
        return None
    desk.identity = found.id
    return found


async def read_identity(desk: Desk) -> str:
    """`LogMisfit` where nobody has prepared the log yet."""
    found = await find_identity(desk)
    if found is None:
        raise LogMisfit(f"{desk.address} holds no log yet. {REMEDY}.")
    return found.id


async def _read_words(
    address: Address, place: TopicPartition, end: int
) -> list[tuple[bytes | None, str]]:
    """All that the topic holds: a handful of records."""
    words: list[tuple[bytes | None, str]] = []
    consumer = make_consumer(address)
    try:
        await start(address, consumer)
        consumer.assign([place])
        consumer.seek(place, 0)
        while await consumer.position(place) < end:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                words += [(one.key, one.value.decode()) for one in records]
    finally:
        await release_consumer(consumer)
    return words


async def prepare(desk: Desk) -> Sequence[str]:
    """Make what is missing, check what is there, and give the log an identity."""
    address = desk.address
    identity = await find_identity(desk)
    async with desk.ask("the topics could not be prepared", PREPARING):
        names = {address.topic(plain): plain for plain in SETTINGS}
        there = await desk.partitions(*names)
        made = await _make(desk, {name: names[name] for name in names if name not in there})
        await _check(desk, list(names))
    if identity is None and await find_identity(desk) is None:
        await _write_word(address, b"first")
    elif identity is not None and any(names[name] in TOPICS for name in made):
        await _write_word(address, b"again")
    await read_identity(desk)
    return [f"made the topic {name}" for name in made]


async def _make(desk: Desk, missing: Mapping[str, str]) -> list[str]:
    """Those of the missing topics that we made; another process may have made some meanwhile."""
    if not missing:
        return []
    response = await desk.admin.create_topics(
        [_design(desk.address, name, plain) for name, plain in missing.items()]
    )
    made = []
    for name, code, said in response.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            raise LogMisfit(_undone(desk.address, name, missing[name], said or error.__name__))
        if not code:
            made.append(name)
    return made


def _design(address: Address, name: str, plain: str) -> NewTopic:
    design = NewTopic(
        name,
        1 if plain == IDENTITY else address.partitions,
        1,
        topic_configs={**ALWAYS, **SETTINGS[plain]},
    )
    design.replication_factor = address.replication  # its constructor refuses -1
    return design


def _undone(address: Address, name: str, plain: str, said: str) -> str:
    settings = " ".join(f"--config {key}={value}" for key, value in _settings(plain).items())
    partitions = 1 if plain == IDENTITY else address.partitions
    return (
        f"{address} has no topic {name}, and it could not be made: {said}. Have it made:"
        f" kafka-topics.sh {_reach(address)} --create --topic {name} --partitions {partitions}"
        f" {settings}"
    )


def _settings(plain: str) -> Mapping[str, str]:
    return {**ALWAYS, **SETTINGS[plain]}


async def _check(desk: Desk, names: Sequence[str]) -> None:
    """What was made just now takes a moment to be known to all brokers."""
    asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    known = False
    while not known:
        await asyncio.sleep(RETRY)
        known = set(names) <= (await desk.partitions(*names)).keys()
        for response in await desk.admin.describe_configs(asked):
            for code, said, _, name, entries, *_ in response.resources:
                if for_code(code) is UnknownTopicOrPartitionError:
                    known = False
                elif code:
                    raise LogMisfit(
                        f"{desk.address}: the settings of {name} could not be read:"
                        f" {said or for_code(code).__name__}. Let this user DescribeConfigs on it."
                    )
                else:
                    _check_settings(desk.address, name, {one[0]: one[1] for one in entries})


def _check_settings(address: Address, name: str, found: Mapping[str, Any]) -> None:
    wrong = {}
    if int(found.get("max.message.bytes") or FITTING) < SMALLEST:
        wrong["max.message.bytes"] = "events of 1 MiB would not fit"
    if "compact" in (found.get("cleanup.policy") or ""):
        wrong["cleanup.policy"] = "compaction drops events that nobody has read"
    if found.get("message.timestamp.type", "LogAppendTime") != "LogAppendTime":
        wrong["message.timestamp.type"] = "the instant of arrival must be the broker's"
    if wrong:
        said = "; ".join(f"{one}={found[one]} ({why})" for one, why in wrong.items())
        right = ",".join(f"{one}={ALWAYS[one]}" for one in wrong)
        raise LogMisfit(
            f"{address}: the topic {name} has {said}. Set it right: kafka-configs.sh"
            f" {_reach(address)} --alter --topic {name} --add-config {right}"
        )


def _reach(address: Address) -> str:
    return f"--bootstrap-server {','.join(address.servers)}"


async def _write_word(address: Address, key: bytes) -> None:
    producer = make_producer(address)
    try:
        async with answering(address, "the log's identity could not be written"):
            await start(address, producer)
            await producer.send_and_wait(
                address.topic(IDENTITY), secrets.token_hex(16).encode(), key=key, partition=0
            )
    finally:
        await release_producer(producer)
