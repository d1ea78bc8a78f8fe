"""A change as lists show it."""

import json
from datetime import UTC, datetime

from service.core.message.brief import in_brief
from service.core.sentence.sentence import say
from tests.core.message.golden.written import change_of

RECORDED = datetime(2025, 4, 9, 17, 5, tzinfo=UTC)


def test_it_says_what_a_trader_would_write_and_where_the_rest_is():
    change = change_of("us-cn-recip-125")
    shown = in_brief(change, 7, RECORDED)
    assert (shown["number"], shown["recorded_at"]) == (7, RECORDED)
    assert shown["said"] == say(change)
    assert shown["href"] == f"/v1/changes/{change.id}"
    assert shown["event"] == {"source": change.event[0], "id": change.event[1]}
    assert shown["new"]["said"] == "125 %"
    assert not {"before", "after"} & set(shown)


def test_it_is_json_but_for_the_instant_it_was_given():
    shown = in_brief(change_of("us-cn-recip-125"), 7, RECORDED)
    assert json.loads(json.dumps(shown | {"recorded_at": None}))["severity"]
