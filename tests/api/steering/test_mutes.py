"""Mutes through the API."""

import pytest

from tests.api.samples import measure

SUBJECT = "measure:us-ieepa-reciprocal-cn"
UNTIL = "2025-05-01T00:00:00Z"
PATH = "/v1/mutes"


async def test_a_mute_is_made_listed_and_ended(api, clock):
    answer = await api.post(PATH, json={"subject": SUBJECT, "until": UNTIL, "note": "holiday"})
    assert answer.status_code == 201
    made = answer.json()
    assert (made["subject"], made["destination_id"], made["who"]) == (SUBJECT, None, "api")
    assert made["except_critical"] is True
    assert answer.headers["location"] == f"{PATH}/{made['id']}"
    assert made.pop("is_known") is False
    assert (await api.get(PATH)).json()["items"] == [made]
    assert (await api.delete(f"{PATH}/{made['id']}")).status_code == 204
    assert (await api.get(PATH)).json()["items"] == []
    assert (await api.delete(f"{PATH}/{made['id']}")).status_code == 404
    lines = (await api.get("/v1/audit")).json()["items"]
    assert [(one["action"], one["object"]) for one in lines] == [
        ("mute", f"mute:{made['id']}"),
        ("unmute", f"mute:{made['id']}"),
    ]


async def test_one_that_has_run_out_is_not_listed(api, clock):
    await api.post(PATH, json={"subject": SUBJECT, "until": UNTIL})
    clock.advance(days=30)
    assert (await api.get(PATH)).json()["items"] == []


@pytest.mark.parametrize(
    ("form", "where"),
    [
        ({"subject": SUBJECT}, "until"),
        ({"until": UNTIL}, "subject"),
        ({"subject": SUBJECT, "until": "2025-05-01T00:00:00"}, "until"),
        ({"subject": SUBJECT, "until": "2025-04-01T00:00:00Z"}, "until"),
        ({"subject": SUBJECT, "until": UNTIL, "destination": "dst_nobody"}, "destination"),
        ({"subject": "nothing", "until": UNTIL}, "subject"),
    ],
)
async def test_a_bad_one_is_refused(api, form, where):
    answer = await api.post(PATH, json=form)
    assert answer.status_code == 422
    assert where in {one["where"] for one in answer.json()["errors"]}
    assert (await api.get("/v1/audit")).json()["items"] == []


async def test_a_subject_in_the_books_is_known(api, places, tell):
    await tell(measure("e1"))
    answer = await api.post(PATH, json={"subject": SUBJECT, "until": UNTIL})
    assert answer.json()["is_known"] is True


async def test_what_it_keeps_back_is_read_with_its_reason(api, places, tell):
    webhook = places["webhook"]["id"]
    form = {"subject": SUBJECT, "until": UNTIL, "destination": webhook, "except_critical": False}
    assert (await api.post(PATH, json=form)).status_code == 201
    await tell(measure("e1"))
    (muted,) = (await api.get("/v1/deliveries", params={"state": "muted"})).json()["items"]
    assert muted["destination"]["id"] == webhook
    assert muted["reason"] == "muted until 2025-05-01T00:00:00+00:00 by api"
