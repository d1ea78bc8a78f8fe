"""An installation under test, with producers before it and receivers behind it, which survive."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import orjson

from tests.journey.places import Distributed, Place
from tests.journey.running import Json, path_at, waiting
from tests.journey.torture.fleet import Fleet
from tests.journey.torture.ledger import Ledger, alert_of, is_bundled
from tests.journey.torture.patience import eventually
from tests.journey.torture.planning import BUNDLED, FOLLOWERS, WISHES
from tests.journey.torture.producing import Door, Flow, HttpDoor, KafkaDoor
from tests.journey.torture.proxy import Proxy
from tests.receivers import Answer, HttpReceiver, http_receiver

SEED = 20250409
MEASURES = 42
QUIET_WITHIN = 180
RECEIVER_DELAY = 0.05


class World:
    """`fleet` is what is harmed; `flow` and `receiver` live in the process of the tests."""

    def __init__(self, place: Place, fleet: Fleet, receiver: HttpReceiver, flow: Flow) -> None:
        self.place = place
        self.fleet = fleet
        self.receiver = receiver
        self.flow = flow
        self.http_doors = [one for one in flow.doors if isinstance(one, HttpDoor)]
        self.secrets: dict[str, str] = {}
        self._arrived: set[tuple[str, str]] = set()
        self._looked_at = 0
        self._settled: Ledger | None = None
        self._api = httpx.AsyncClient(base_url=fleet.url, timeout=20, trust_env=False)

    async def status(self) -> Json | None:
        """What /v1/status says; None while it cannot."""
        try:
            answer = await self._api.get("/v1/status")
        except httpx.TransportError:
            return None
        return answer.json() if answer.status_code == 200 else None

    async def outbox_fills(self) -> None:
        """Wait until events wait in the database for a log that is away."""

        async def holds_some() -> bool:
            status, text = await self.fleet.one_of("api").health()
            return status > 0 and bool(orjson.loads(text)["outbox"]["waiting"])

        await eventually(holds_some, QUIET_WITHIN, 0.2)

    async def follow(self, *, wishing: bool) -> None:
        """Make the subscriptions."""
        followers = FOLLOWERS | ({BUNDLED: [{"lanes": [{}]}]} if wishing else {})
        for name, forms in followers.items():
            for form in forms:
                body = form | {"name": name, "url": path_at(self.receiver, name)}
                answer = await self._api.post("/v1/subscriptions", json=body)
                assert answer.status_code == 201, answer.text
                for made in answer.json().get("created_destinations", ()):
                    self.secrets[name] = made["secret"]
                    await self._ask_for(made["id"], WISHES.get(name) if wishing else None)

    async def _ask_for(self, destination: str, wishes: Json | None) -> None:
        if wishes:
            answer = await self._api.patch(f"/v1/destinations/{destination}", json=wishes)
            assert answer.status_code == 200, answer.text

    async def settle(self, title: str, within: float = QUIET_WITHIN) -> Ledger:
        """The ledger once nothing waits and all has arrived, or once no more is to be expected."""
        self._settled = None
        with suppress(TimeoutError):
            await eventually(self._is_done, within, 0.3)
        ledger = self._settled or await self._draw_up()  # by now a notice may be under way
        assert ledger, f"{title}: /v1/status does not answer: {self.fleet.last_words()}"
        sys.stdout.write(f"\n{title}: {ledger}\n")
        return ledger

    async def _is_done(self) -> bool:
        """Cheap questions first: this is asked again and again."""
        if self._expected() - self._find_arrived():
            return False
        ledger = await self._draw_up()
        if ledger is None or ledger.is_open:
            return False
        self._settled = ledger
        return True

    async def _draw_up(self) -> Ledger | None:
        status = await self.status()
        if status is None:
            return None
        return Ledger(
            dict(self.flow.acknowledged),
            [one for one in self.receiver.requests if not is_bundled(one)],
            [one for one in self.receiver.requests if is_bundled(one)],
            () if waiting(status) else await self.place.read_changes(),
            status,
            self.fleet.deaths,
            self.secrets,
        )

    def _expected(self) -> set[tuple[str, str]]:
        """The alerts that are due for what is acknowledged by now."""
        return {(path, one.id) for one in self.flow.acknowledged.values() for path in one.paths}

    def _find_arrived(self) -> set[tuple[str, str]]:
        """Of the receiver; each request is read once."""
        requests = self.receiver.requests
        fresh = [one for one in requests[self._looked_at :] if not is_bundled(one)]
        self._arrived.update(map(alert_of, fresh))
        self._looked_at = len(requests)
        return self._arrived

    async def catch_up(self, within: float, since: float | None = None) -> float:
        """Wait for every alert of what is acknowledged by now; how many seconds that took.

        They count from now, or from a former `now()`.
        """
        expected, begun = self._expected(), since or self.now()

        async def have_arrived() -> bool:
            return expected <= self._find_arrived()

        await eventually(have_arrived, within, 0.1)
        return self.now() - begun

    @staticmethod
    def now() -> float:
        """Seconds on a clock that no test sets."""
        return asyncio.get_running_loop().time()

    @staticmethod
    async def harm(proxy: Proxy, how: str) -> None:
        """By name: a network that hangs, or a server that is not there."""
        if how == "hang":
            proxy.hang()
        else:
            await proxy.refuse()

    def slow_down(self, seconds: float) -> float:
        """How long the receiver keeps each alert from now on; what it was before."""
        former, self.receiver.answer = self.receiver.answer, Answer(delay=seconds)
        return former.delay

    async def check(self, title: str, within: float = QUIET_WITHIN) -> Ledger:
        """The ledger, which balances, and the service's own opinion of its books."""
        ledger = await self.settle(title, within)
        faults = ledger.faults()
        assert not faults, "\n".join([*faults[:20], f"({len(faults)} in all)"])
        return ledger

    async def close(self) -> None:
        await self._api.aclose()
        await self.flow.close()


@asynccontextmanager
async def open_world(
    folder: Path,
    place: Place,
    roles: Sequence[str] = (),
    around: Mapping[str, str] | None = None,
    *,
    wishing: bool = False,
    **settings: str,
) -> AsyncIterator[World]:
    """Started, followed, and silent until a test lets the flow run; all of it ends by SIGTERM.

    `wishing`: followers ask for all that can be asked for, and one more is told of several changes
    at once, half a minute later.
    """
    await place.prepare()
    fleet = Fleet(folder, place, roles, around, **settings)
    async with http_receiver(answer=Answer(delay=RECEIVER_DELAY)) as receiver:
        flow = Flow(doors_to(place, fleet), SEED, MEASURES)
        world = World(place, fleet, receiver, flow)
        try:
            await fleet.start()
            await world.follow(wishing=wishing)
            yield world
            await fleet.ready()  # what is still starting has not learned to end yet
            await fleet.run("verify")
            codes = await fleet.end()
        finally:
            await fleet.end()
            await world.close()
    assert set(codes.values()) == {0}, codes
    await place.clear()


def doors_to(place: Place, fleet: Fleet) -> list[Door]:
    """HTTP twice; the log itself where it takes foreign producers."""
    doors: list[Door] = [HttpDoor(fleet.url), HttpDoor(fleet.url)]
    if isinstance(place, Distributed):
        doors.append(KafkaDoor(place.bootstrap, f"{place.prefix}.tariffs"))
    return doors
