"""How a destination would like to be told."""

import pytest

DAILY = {"timezone": "Asia/Tokyo", "digest": {"every": "day", "at": "07:00"}}


async def add(api, **more):
    answer = await api.post("/v1/destinations", json={"email": "desk@example.com", **more})
    assert answer.status_code == 201
    return answer.json()


async def test_preferences_are_kept_and_shown(api):
    made = await add(api, preferences=DAILY)
    shown = (await api.get(f"/v1/destinations/{made['id']}")).json()["preferences"]
    assert shown == made["preferences"]
    assert shown["timezone"] == "Asia/Tokyo"
    assert shown["digest"] == {"every": "day", "at": "07:00", "on": "monday"}


async def test_a_change_names_what_it_changes_and_null_takes_it_away(api):
    path = f"/v1/destinations/{(await add(api, preferences=DAILY))['id']}"
    quiet = {"quiet_hours": {"from": "22:00", "to": "06:00"}}
    both = (await api.patch(path, json={"preferences": quiet})).json()["preferences"]
    assert both["digest"]
    assert both["quiet_hours"] == quiet["quiet_hours"]
    less = (await api.patch(path, json={"preferences": {"digest": None}})).json()["preferences"]
    assert less == both | {"digest": None}


async def test_a_language_is_english_unless_another_is_asked_for(api):
    made = await add(api)
    assert made["preferences"]["language"] == "en"
    path = f"/v1/destinations/{made['id']}"
    asked = await api.patch(path, json={"preferences": {"language": "ja"}})
    assert asked.json()["preferences"]["language"] == "ja"
    back = await api.patch(path, json={"preferences": {"language": "en"}})
    assert back.json()["preferences"]["language"] == "en"


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"timezone": "Mars/Olympus"}, "preferences.timezone"),
        ({"digest": {"every": "day", "at": "7"}}, "preferences.digest.at"),
        ({"hourly_cap": -1}, "preferences.hourly_cap"),
        ({"quiet": True}, "preferences.quiet"),
        ({"language": "fr"}, "preferences.language"),
    ],
)
async def test_what_cannot_be_is_refused_by_name(api, given, place):
    answer = await api.post(
        "/v1/destinations", json={"email": "desk@example.com", "preferences": given}
    )
    assert answer.status_code == 422
    assert place in answer.text
