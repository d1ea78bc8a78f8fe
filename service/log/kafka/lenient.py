"""What aiokafka's reader chokes on, read once more with patience.

It decodes the names of headers, and one that is no UTF-8 makes every later poll fail: the records
around it are withheld for ever. Here such a name is shown as far as it is text.
"""

from itertools import islice
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy
from aiokafka.structs import ConsumerRecord, TopicPartition

V2 = 2  # the format of records since Kafka 0.11; older ones have no headers
MAGIC = 16  # where a batch says its format


class _Text(bytearray):
    """Bytes whose slices decode whatever they hold."""

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        return _Text(found) if isinstance(found, bytearray) else found

    def decode(self, encoding: str = "utf-8", errors: str = "replace") -> str:  # noqa: ARG002
        return super().decode(encoding, "replace")


class _Batch(_DefaultRecordBatchPy):  # type: ignore[misc]
    _buffer: bytearray

    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer = _Text(self._buffer)


class _Records:
    """The batches of a fetch, as `PartitionRecords` asks for them."""

    def __init__(self, raw: bytes) -> None:
        self._given = _MemoryRecordsPy(raw)

    def has_next(self) -> bool:
        return bool(self._given.has_next())

    def next_batch(self) -> Any:
        raw = self._given._next_slice  # noqa: SLF001 - before it is parsed
        parsed = self._given.next_batch()
        return _Batch(raw) if raw[MAGIC] >= V2 else parsed


async def fetch_leniently(
    consumer: AIOKafkaConsumer, place: TopicPartition, offset: int, limit: int
) -> tuple[list[ConsumerRecord], int]:
    """Up to `limit` records from `offset` on, and where the next ones begin."""
    client = consumer._client  # noqa: SLF001 - there is no public way to the bytes
    size = consumer._max_partition_fetch_bytes  # noqa: SLF001
    wanted = [(place.topic, [(place.partition, offset, size)])]
    request = FetchRequest(0, 0, size, READ_COMMITTED, wanted)
    response = await client.send(client.cluster.leader_for_partition(place), request)
    ((_, ((_, code, _, _, _, aborted, *_, raw),)),) = response.topics
    if code:
        raise for_code(code)(place)
    try:
        records = PartitionRecords(
            place,
            _Records(raw),
            aborted,
            offset,
            key_deserializer=None,
            value_deserializer=None,
            check_crcs=True,
            isolation_level=READ_COMMITTED,
        )
        found = list(islice(records, limit))
    except (ValueError, IndexError, OverflowError) as error:
        raise KafkaError(f"{place} holds from {offset} on what is no record: {error}") from error
    return found, records.next_fetch_offset
