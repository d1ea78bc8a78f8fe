"""Writing a bundle as it is asked for: page by page, so that no year is too long for the memory."""

from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from service.api.desk import Desk
from service.api.evidence.lines import (
    alert_line,
    change_line,
    is_for,
    is_silence,
    names_of,
    silence_line,
    stopped_line,
    subscription_part,
    write_line,
)
from service.core.change import read_change
from service.core.match import Match, facts_of, match
from service.core.match.subscription import Rule
from service.core.proof.bundle import Bundle
from service.store.evidence.collecting import (
    Planned,
    Told,
    page_alerts,
    page_stopped,
    read_alerts,
    read_beside,
    read_deeds,
    read_told,
)
from service.store.evidence.versions import REMOVED, Version
from service.store.mail.consents import list_consents

PAGE = 100
LINES = 1_000
BYTES = 4 << 20
"""A file of a bundle has about so many at most, and so much is in memory."""
README = b"""Evidence of tariffwire: what one subscription was told, and was not.

subscription.json  the rule, labels and destinations, each version with the instant it stood from
consents.jsonl     what readers of mail have said: that they want it, or no more
alerts/            each alert: its bytes as sent, why, every attempt, its receipt, acknowledgements
changes/           each change as recorded, the event behind it as it came, what that quotes
silence/           what was deliberately not sent, and why
manifest.json      every file with its SHA-256
signature.json     the manifest's Ed25519 signature, and the public key

Where an object has `x` and `x_sha256`, the second is the SHA-256 of the first in UTF-8.
`tariffwire evidence verify FILE` checks all of it, offline.
"""


@dataclass(frozen=True, slots=True)
class Case:
    """What is to be proved: the `versions` that stood in the span, the `destinations` of all."""

    subscription_id: str
    span: tuple[datetime, datetime]
    versions: Sequence[Version]
    destinations: Sequence[str]
    deployment: str


@dataclass(slots=True)
class _Series:
    """Files of lines, numbered; each is given out when it is full."""

    folder: str
    lines: list[bytes] = field(default_factory=list)
    size: int = 0
    cut: int = 0
    count: int = 0

    def add(self, line: dict[str, Any]) -> None:
        written = write_line(line)
        self.lines.append(written)
        self.size += len(written)
        self.count += 1

    def take(self, *, is_last: bool = False) -> Iterator[tuple[str, bytes]]:
        is_full = len(self.lines) >= LINES or self.size >= BYTES
        if is_full or (is_last and self.lines):
            self.cut += 1
            yield f"{self.folder}/{self.cut:05}.jsonl", b"".join(self.lines)
            self.lines, self.size = [], 0


@dataclass(slots=True)
class Writer:
    """Reads in one session, so that all of it is of one moment."""

    desk: Desk
    session: AsyncSession
    case: Case
    key: str = field(repr=False)
    alerts: _Series = field(default_factory=lambda: _Series("alerts"))
    changes: _Series = field(default_factory=lambda: _Series("changes"))
    silence: _Series = field(default_factory=lambda: _Series("silence"))
    seen: set[UUID] = field(default_factory=set)
    named: set[UUID] = field(default_factory=set)

    async def write(self) -> AsyncGenerator[bytes]:
        """The bundle, in pieces."""
        bundle, case = Bundle(), self.case
        part = subscription_part(case.subscription_id, case.versions)
        yield bundle.put("README.txt", README)
        yield bundle.put("subscription.json", write_line(part))
        if consents := await self._read_consents():
            yield bundle.put("consents.jsonl", consents)
        async for _ in self._collect():
            for name, content in self._cut():
                yield bundle.put(name, content)
        for name, content in self._cut(is_last=True):
            yield bundle.put(name, content)
        yield bundle.seal(self._about(), self.key)

    async def _read_consents(self) -> bytes:
        """What readers had said by the end of the span: who wants no mail is planned none."""
        lines = [
            write_line({"destination": to, **asdict(said)})
            for to in self.case.destinations
            for said in await list_consents(self.session, to)
            if said.at < self.case.span[1]
        ]
        return b"".join(lines)

    def _cut(self, *, is_last: bool = False) -> Iterator[tuple[str, bytes]]:
        for series in (self.alerts, self.changes, self.silence):
            yield from series.take(is_last=is_last)

    def _about(self) -> dict[str, Any]:
        since, until = self.case.span
        return {
            "deployment": self.case.deployment,
            "subscription": self.case.subscription_id,
            "from": since.isoformat(),
            "to": until.isoformat(),
            "alerts": self.alerts.count,
            "changes": self.changes.count,
            "silence": self.silence.count,
        }

    async def _collect(self) -> AsyncGenerator[None]:
        """Gives way after each page, so that what is full can go out."""
        for destination in self.case.destinations:
            after = 0
            while page := await page_alerts(self.session, destination, self.case.span, after, PAGE):
                after = page[-1].number
                ours = [one for one in page if is_for(self.case.subscription_id, one)]
                await self._add_alerts(ours)
                await self._add_named(ours)
                yield
        after = 0
        while stopped := await page_stopped(self.session, self.case.span, after, PAGE):
            after = stopped[-1].number
            await self._add_stopped(stopped)
            yield

    async def _add_alerts(self, page: Sequence[Planned]) -> None:
        ids = [one.id for one in page]
        fresh = {one.change_id for one in page} - self.seen
        self.seen |= fresh
        told = await read_told(self.session, fresh) if fresh else []
        bodies = await self.desk.render(self.session, ids) if ids else {}
        beside = await read_beside(self.session, ids)
        deeds = await read_deeds(self.session, names_of(ids, fresh))
        for one in page:
            self.alerts.add(alert_line(one, bodies.get(one.id), beside, deeds))
            if is_silence(one):
                self.silence.add(silence_line(one))
        for change in told:
            self.changes.add(change_line(change, read_change(change.body), deeds))

    async def _add_named(self, page: Sequence[Planned]) -> None:
        """What carried an alert, or took its place, belongs to it whenever it was made.

        `named` are those outside the span: the others are found by themselves.
        """
        while names := {name for one in page for name in _names_in(one)} - self.named:
            found = await read_alerts(self.session, names)
            page = [one for one in found if not self._is_in_span(one)]
            self.named |= {one.id for one in page}
            await self._add_alerts(page)

    def _is_in_span(self, one: Planned) -> bool:
        since, until = self.case.span
        is_ours = one.destination_id in self.case.destinations
        return (
            is_ours and since <= one.created_at < until and is_for(self.case.subscription_id, one)
        )

    async def _add_stopped(self, stopped: Sequence[Told]) -> None:
        """Only what the rule would have matched as it then was, and of which no alert was made."""
        missed = [(one, would) for one in stopped if (would := self._would_match(one))]
        deeds = await read_deeds(self.session, names_of((), [one.id for one, _ in missed]))
        for one, would in missed:
            change = read_change(one.body)
            self.seen.add(one.id)
            self.silence.add(stopped_line(one, change, would))
            self.changes.add(change_line(one, change, deeds))

    def _would_match(self, told: Told) -> str:
        """The reason; nothing where it would not have matched, or was planned."""
        then = [one for one in self.case.versions if one.at <= told.recorded_at]
        if told.id in self.seen or not then or then[-1].act == REMOVED:
            return ""
        rule = Rule.model_validate_json(then[-1].rule)
        found = match(facts_of(read_change(told.body)), rule)
        return found.reason if isinstance(found, Match) else ""


def _names_in(one: Planned) -> Iterator[UUID]:
    """The alerts that it names."""
    if one.told_in:
        yield one.told_in
    if one.gave_way_to:
        yield one.gave_way_to
