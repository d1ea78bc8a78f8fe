"""Names into addresses, in threads: the system's resolver blocks for as long as it likes."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from ipaddress import ip_address

Resolve = Callable[[str], Sequence[str]]


def resolve(name: str) -> list[str]:
    """All addresses of a name in the order in which the system would try them; or `gaierror`."""
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def is_address(host: str) -> bool:
    """Whether there is nothing to look up."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


class Names:
    """Each name is asked for once at a time, however many wait for it."""

    def __init__(self, threads: Executor, resolve: Resolve) -> None:
        self._threads = threads
        self._resolve = resolve
        self._asked: dict[str, asyncio.Future[Sequence[str]]] = {}

    async def look_up(self, name: str) -> Sequence[str]:
        """An address is its own; `gaierror` where there is nothing."""
        if is_address(name):
            return [name]
        answer = self._asked.get(name)
        if answer is None:
            loop = asyncio.get_running_loop()
            answer = loop.run_in_executor(self._threads, self._resolve, name)
            self._asked[name] = answer
            answer.add_done_callback(lambda _: self._asked.pop(name))
        return await asyncio.shield(answer)

    def close(self) -> None:
        """Whoever still waits, waits for nothing."""
        for answer in list(self._asked.values()):
            answer.cancel()
