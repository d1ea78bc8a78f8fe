"""What went in and what came out, and what must hold between them."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from standardwebhooks import Webhook

from tests.journey.running import Json, body_of, waiting
from tests.journey.torture.planning import BUNDLED, ORDERED, Planned, step_of
from tests.receivers import Request


@dataclass(frozen=True)
class Ledger:
    """`taken` are the acknowledged events; `changes` the records of the changes topic, in order.

    An alert is a (path, event id). `bundles` are what came to who is told of several at once.
    """

    taken: Mapping[str, Planned]
    requests: Sequence[Request]
    bundles: Sequence[Request]
    changes: Sequence[Json]
    status: Json
    deaths: int
    secrets: Mapping[str, str]

    @cached_property
    def expected(self) -> set[tuple[str, str]]:
        return {(path, one.id) for one in self.taken.values() for path in one.paths}

    @cached_property
    def ids(self) -> Mapping[tuple[str, str], set[str]]:
        """By alert, the webhook-ids under which it came."""
        found = defaultdict(set)
        for request in self.requests:
            found[alert_of(request)].add(request.headers["webhook-id"])
        return found

    @cached_property
    def contents(self) -> Mapping[str, set[tuple[str, bytes]]]:
        """By webhook-id, where it went and what it said."""
        found = defaultdict(set)
        for request in self.requests:
            found[request.headers["webhook-id"]].add((request.path, request.body))
        return found

    @property
    def lost(self) -> set[tuple[str, str]]:
        return self.expected - self.ids.keys()

    @cached_property
    def carried(self) -> Mapping[str, int]:
        """By the webhook-id of a bundle, or of one that came alone: of how many changes it told."""
        return {one.headers["webhook-id"]: len_of(one) for one in self.bundles}

    @property
    def untold(self) -> int:
        """Changes of which the one who is told of several at once has not heard, or too often."""
        return len(self.changes) - sum(self.carried.values()) if self.has_wishes else 0

    @property
    def has_wishes(self) -> bool:
        return BUNDLED in self.secrets

    @property
    def duplicates(self) -> int:
        return len(self.requests) - len(self.contents)

    @property
    def is_open(self) -> bool:
        """Whether something is still under way."""
        waits = waiting(self.status) > 0 or len(self.changes) < len(self.taken)
        return waits or bool(self.lost) or bool(self.untold)

    def faults(self) -> list[str]:
        """Everything that does not add up, in words; nothing in a good ledger."""
        return [
            *self._faults_of_alerts(),
            *self._faults_of_bundles(),
            *self._faults_of_changes(),
            *self._faults_of_books(),
        ]

    def _faults_of_alerts(self) -> list[str]:
        return [
            *(f"lost: {one}" for one in sorted(self.lost)),
            *(f"nobody asked for {one}" for one in sorted(self.ids.keys() - self.expected)),
            *(f"{one} came as {ids}" for one, ids in self.ids.items() if len(ids) > 1),
            *(f"{one} differs" for one, said in self.contents.items() if len(said) > 1),
            *(f"badly signed: {alert_of(one)}" for one in self.requests if not self._signed(one)),
            *(f"out of order: {one}" for one in self._overtaken() if self.has_wishes),
        ]

    def _faults_of_bundles(self) -> list[str]:
        contents = {(one.headers["webhook-id"], one.body) for one in self.bundles}
        bodies = Counter(identity for identity, _ in contents)
        told = Counter(change for _, body in contents for change in changes_in(body))
        unsigned = [one.headers["webhook-id"] for one in self.bundles if not self._signed(one)]
        return [
            *([f"bundles lack {self.untold} changes"] if self.untold else ()),
            *(f"bundle {one} differs" for one, times in bodies.items() if times > 1),
            *(f"told in {times} bundles: {one}" for one, times in told.items() if times > 1),
            *(f"a badly signed bundle: {one}" for one in unsigned),
        ]

    def _overtaken(self) -> Iterator[tuple[str, int]]:
        """Where order was asked for: a step that came for the first time after a later one."""
        latest: dict[str, int] = {}
        firsts = dict.fromkeys(map(alert_of, self.requests))
        for event in (event for path, event in firsts if path == ORDERED):
            subject, step = event.rpartition("-")[0], step_of(event)
            if step < latest.get(subject, step):
                yield event, latest[subject]
            latest[subject] = step

    def _signed(self, request: Request) -> bool:
        """Signed anew by PyPI's library, at the instant that the header names."""
        found = request.headers
        moment = datetime.fromtimestamp(int(found["webhook-timestamp"]), UTC)
        signer = Webhook(self.secrets[request.path.removeprefix("/")])
        again = signer.sign(found["webhook-id"], moment, request.body.decode())
        return again in found["webhook-signature"].split()

    def _faults_of_changes(self) -> list[str]:
        """Each change of each subject once and in order: its n-th is its n-th event."""
        counted = Counter(one["id"] for one in self.changes)
        steps = defaultdict(list)
        for one in self.changes:
            steps[one["subject"]].append((one["data"]["sequence"], step_of(cause_of(one))))
        wanted = Counter(f"measure:{one.subject}" for one in self.taken.values())
        right = {name: [(step + 1, step) for step in range(size)] for name, size in wanted.items()}
        return [
            *(
                f"change {one} published {times} times"
                for one, times in counted.items()
                if times > 1
            ),
            *(f"{name}: {steps.get(name)}" for name in right if steps.get(name) != right[name]),
            *(f"{name} is published, and nobody sent it" for name in steps.keys() - right.keys()),
        ]

    def _faults_of_books(self) -> list[str]:
        stages = self.status["stages"]
        several = [count for count in self.carried.values() if count > 1]
        digested = sum(several)
        planned = len(self.expected) + (len(self.taken) if self.has_wishes else 0) + len(several)
        ends = {"delivered": planned - digested} | ({"digested": digested} if digested else {})
        found = {
            "outcomes": (stages["event"]["outcomes"], {"changed": len(self.taken)}),
            "changes": (stages["change"]["done"], len(self.taken)),
            "deliveries": (stages["delivery"]["done"], planned),
            "receipts": (stages["receipt"]["outcomes"], ends),
            "quarantine": (self.status["quarantine"]["open"], 0),
        }
        return [f"{name}: {one}, not {two}" for name, (one, two) in found.items() if one != two]

    def __str__(self) -> str:
        stages = self.status["stages"]
        return ", ".join(
            f"{name} {count:,}"
            for name, count in {
                "deaths": self.deaths,
                "accepted": len(self.taken),
                "changes": stages["change"]["done"],
                "published": len(self.changes),
                "deliveries": stages["delivery"]["done"],
                "received": len(self.requests),
                "duplicates": self.duplicates,
                **({"bundles": len(self.carried)} if self.has_wishes else {}),
                "lost": len(self.lost),
            }.items()
        )


def _gaps(numbers: Sequence[int]) -> list[str]:
    """Readers tell by the numbers whether they have everything."""
    if sorted(numbers) == list(range(1, len(numbers) + 1)):
        return []
    missing = set(range(1, max(numbers) + 1)) - set(numbers)
    return [f"{len(numbers)} changes are numbered to {max(numbers)}; missing: {missing}"]


def alert_of(request: Request) -> tuple[str, str]:
    return request.path.removeprefix("/"), body_of(request)["data"]["cause"]["id"]


def is_bundled(request: Request) -> bool:
    return request.path.removeprefix("/") == BUNDLED


def len_of(request: Request) -> int:
    """Of how many changes it tells; one that came alone is an alert like any other."""
    return int(body_of(request)["data"].get("count", 1))


def changes_in(body: bytes) -> list[str]:
    """Those that it has room for."""
    data = json.loads(body)["data"]
    return [one["change"] for one in data["changes"]] if "changes" in data else [data["change"]]


def cause_of(change: Json) -> str:
    """The id of the event behind a record of the changes topic."""
    return change["data"]["event"]["id"]
