"""What goods owe, of 10,000 measures: from the question to the bytes that are sent.

Measures of 2,000 codes, and a few dozen on all goods, so that a dozen bear on each question. Once
with one event a measure and once with ten. Warm: the histories that it takes have been read. The
baseline of the short history is one bare SELECT by the same index; of the long one, the short.
"""

import json
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from benchmarks.figures import Figure, percentile, stopwatch
from benchmarks.made_up import EPOCH, ORIGINS, SOURCE, codes
from benchmarks.rooms import Ground, Room, Row
from service.api.rates import Memory, answer
from service.core.rates import Facts, Question, Rules, read_rules
from service.store.database import Database, open_database
from service.store.migrations import migrate

MEASURES = 10_000
BLANKET = 40
CODES = 2_000
STEPS = (1, 10)
NOW = datetime(2025, 11, 1, tzinfo=UTC)
COVERS = '{"packaged": false, "covers": [{"id": "us", "importer": "US", "from": "2025-01-01"}]}'
BARE = text("SELECT subject FROM reach WHERE importer = 'US' AND code = :code AND origin = :origin")


async def measure(ground: Ground, *, quick: bool) -> list[Figure]:
    asked = 300 if quick else 2_000
    figures: list[Figure] = []
    for steps in STEPS:
        async with ground.room() as room, _open(room, steps) as db:
            figures.append(await _ask(db, asked, steps, figures[0].value if figures else None))
    return figures


async def _ask(db: Database, asked: int, steps: int, short: float | None) -> Figure:
    memory, rules = Memory(db), read_rules(COVERS, "covers")
    questions = list(_questions(asked))
    with stopwatch() as indexing:
        await _put(memory, rules, questions[0])
    await _time(memory, rules, questions)
    seconds = await _time(memory, rules, questions)
    bare = await _time_bare(db, questions) if short is None else short / 1e3
    return Figure(
        name=f"rates, {MEASURES:,} measures, {steps} events each",
        value=percentile(seconds, 0.5) * 1e3,
        unit="ms a question",
        baseline=bare * 1e3,
        at_most=5,
        ratio_at_most=1.5 if short else None,
        note=f"p99 {percentile(seconds, 0.99) * 1e3:.2f} ms, indexed in {indexing.seconds:.0f} s",
    )


async def _time(memory: Memory, rules: Rules, questions: list[Question]) -> list[float]:
    seconds = []
    for question in questions:
        with stopwatch() as watch:
            await _put(memory, rules, question)
        seconds.append(watch.seconds)
    return seconds


async def _put(memory: Memory, rules: Rules, question: Question) -> None:
    sent = await answer(memory, rules, question, Facts({"column1_pct": Decimal("2.5")}))
    assert b'"covered":true' in sent.body


async def _time_bare(db: Database, questions: list[Question]) -> float:
    seconds = []
    for question in questions:
        given = {"code": question.code, "origin": question.origin}
        with stopwatch() as watch:
            async with db.read() as session:
                (await session.execute(BARE, given)).all()
        seconds.append(watch.seconds)
    return percentile(seconds, 0.5)


def _questions(count: int) -> Iterator[Question]:
    chance, known = random.Random(7), _known_codes()
    for _ in range(count):
        origin, code = chance.choice(ORIGINS), chance.choice(known)
        yield Question("US", origin, code, "HTS", NOW, NOW)


def _known_codes() -> list[str]:
    return codes(CODES, random.Random(1))


@asynccontextmanager
async def _open(room: Room, steps: int) -> AsyncIterator[Database]:
    async with open_database(room.database_url) as db:
        await migrate(db)
        await room.fill({"subject": _subjects(steps), "event": _events(steps)})
        yield db


def _subjects(steps: int) -> Iterator[Row]:
    for number in range(MEASURES):
        yield {
            "key": f"measure:m{number}",
            "importer": "US",
            "programme": f"p{number % 7}",
            "origin": "CN",
            "flagged": False,
            "events": steps,
            "sequence": steps,
            "last_change": None,
        }


def _events(steps: int) -> Iterator[Row]:
    scopes = list(_scopes())
    for step in range(steps):
        for number, scope in enumerate(scopes):
            yield _row(step * MEASURES + number + 1, number, _body(step, number, scope))


def _scopes() -> Iterator[dict[str, Any]]:
    chance, known = random.Random(2), _known_codes()
    for number in range(MEASURES):
        if number < BLANKET:
            origin = {"kind": "all"} if number % 4 == 0 else _country(chance)
            yield {"origin": origin, "product": {"scope": "all"}}
        else:
            listed = sorted(set(chance.choices(known, k=3)))
            yield {"origin": _country(chance), "product": {"scope": "codes", "include": listed}}


def _country(chance: random.Random) -> dict[str, Any]:
    return {"kind": "country", "members": [chance.choice(ORIGINS)]}


def _body(step: int, number: int, scope: dict[str, Any]) -> bytes:
    start = EPOCH + timedelta(days=step + 1)
    data = scope | {
        "measure": f"m{number}",
        "importer": "US",
        "programme": f"p{number % 7}",
        "action": "increased" if step else "imposed",
        "certainty": "instrument",
        "duty": {"components": [{"kind": "ad_valorem", "amount": str(1 + step)}]},
        "announced_at": start.isoformat(),
        "effective_at": start.isoformat(),
        "instrument": {"kind": "federal_register", "number": f"2025-{number:05}"},
    }
    head = {"specversion": "1.0", "id": f"{number}-{step}", "source": SOURCE}
    return json.dumps(head | {"type": "tariff.measure", "data": data}).encode()


def _row(place: int, number: int, body: bytes) -> Row:
    at = EPOCH + timedelta(seconds=place)
    return {
        "source": SOURCE,
        "id": f"e{place}",
        "number": place,
        "digest": "",
        "type": "tariff.measure",
        "handling": "history",
        "subject": f"measure:m{number}",
        "known_at": at,
        "accepted_at": at,
        "body": body,
        "outcome": "history",
        "reason": "",
        "change_id": None,
        "about_source": None,
        "about_id": None,
        "topic": "tariffs",
        "partition": 0,
        "position": place,
    }
