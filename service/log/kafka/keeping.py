"""While the reader works on a batch for long, someone must poll, or the group thinks us dead."""

import asyncio

from aiokafka import AIOKafkaConsumer

from service.log.kafka.connection import PARTING


class Keeper:
    """Polls with everything paused, once the reader has been busy for `patience` seconds.

    Not before: pausing throws away what was read ahead.
    """

    def __init__(self, consumer: AIOKafkaConsumer, patience: float) -> None:
        self._consumer = consumer
        self._patience = patience
        self._back = asyncio.Event()
        self._polling: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(patience, self._begin)

    async def finish(self) -> bool:
        """The reader is back. False: the consumer is of no more use, since a poll was cut off."""
        self._timer.cancel()
        self._back.set()
        if self._polling is None:
            return True
        done, _ = await asyncio.wait({self._polling}, timeout=PARTING)
        if done and not self._polling.exception():
            return True
        self._polling.cancel()
        await asyncio.wait({self._polling})
        return False

    def _begin(self) -> None:
        self._polling = asyncio.create_task(self._keep_polling())

    async def _keep_polling(self) -> None:
        consumer = self._consumer
        while not self._back.is_set():
            consumer.pause(*consumer.assignment())
            await consumer.getmany(timeout_ms=0)
            try:
                async with asyncio.timeout(self._patience):
                    await self._back.wait()
            except TimeoutError:
                continue
        consumer.resume(*consumer.assignment())
