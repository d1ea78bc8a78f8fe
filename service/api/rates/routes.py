"""`/v1/rates`: what goods owe; `/v1/relations`: by what it is reckoned."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from service.api.desk import AtDesk
from service.api.questions import send
from service.api.rates.asked import Goods, Told
from service.api.rates.memory import Memory
from service.core.codes import format_product
from service.core.rates import Facts, Question, Rates, Rules, describe, rates_owed
from service.core.rates.reach import net_of
from service.core.rates.sentences import say_answer
from service.core.rates.uncovered import say_uncovered
from service.core.shapes import as_json

_LAST = datetime.max.replace(tzinfo=UTC)
"""By which all is known."""

router = APIRouter(prefix="/v1", tags=["rates"])


async def _find_memory(request: Request) -> Memory:
    memory: Memory = request.app.state.rates
    return memory


async def _find_rules(request: Request) -> Rules:
    rules: Rules = request.app.state.rules
    return rules


AtMemory = Annotated[Memory, Depends(_find_memory)]
AtRules = Annotated[Rules, Depends(_find_rules)]


@router.get("/rates", summary="Ask what goods owe")
async def read_rates(
    desk: AtDesk,
    memory: AtMemory,
    rules: AtRules,
    goods: Annotated[Goods, Depends()],
    told: Annotated[Told, Depends()],
) -> Response:
    """Lines, sums, what was left out and why; one answer a branch where a missing fact matters."""
    question = goods.read(desk.clock())
    found = await answer(memory, rules, question, told.read(question.importer))
    return send(found | {"levies_for": goods.member(question)})


async def answer(memory: Memory, rules: Rules, question: Question, facts: Facts) -> dict[str, Any]:
    """All that the question comes to."""
    dossiers = await memory.find(net_of(question), question.known_at)
    rates = rates_owed(question, dossiers, facts, rules)
    said = {"facts": as_json(facts.told), "reason": await _reason(memory, rules, question, rates)}
    return _question_json(question) | said | _rates_json(rates)


async def _reason(memory: Memory, rules: Rules, question: Question, rates: Rates) -> str | None:
    """Why there is no answer; None where there is one."""
    is_known_since = rates.coverage.lack == "events" and bool(
        await memory.find(net_of(question), _LAST)
    )
    return say_uncovered(question, rates.coverage, rules.covers, is_known_since=is_known_since)


@router.get("/relations", summary="Read relations and coverage")
async def read_relations(rules: AtRules) -> Response:
    """How measures bear on each other, for what the books are complete, and what they lack."""
    return send(describe(rules))


def _question_json(question: Question) -> dict[str, Any]:
    return {
        "importer": question.importer,
        "origin": question.origin,
        "product": format_product(question.code),
        "nomenclature": question.nomenclature,
        "at": question.at.isoformat(),
        "known_at": question.known_at.isoformat(),
    }


def _rates_json(rates: Rates) -> dict[str, Any]:
    coverage = rates.coverage
    return {
        "covered": coverage.is_covered,
        "coverage": {
            "programmes": coverage.programmes,
            "without": coverage.without,
            "spans": [{"from": as_json(one), "until": as_json(end)} for one, end in coverage.spans],
        },
        "answers": [as_json(one) | {"said": say_answer(one)} for one in rates.answers],
        "beside": as_json(rates.beside),
        "missing": rates.missing,
        "presumed_not": rates.presumed,
        "unused_facts": rates.unused,
        "cut": rates.is_cut,
    }
