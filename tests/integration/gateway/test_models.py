"""Models over REST: who may change them, what is refused and what is recorded."""

import httpx
import pytest


def roles(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [f"{each['role']} {each['version']}" for each in answer.json()["data"]]


async def test_models_are_listed_promoted_and_rolled_back(gateway: httpx.AsyncClient) -> None:
    listed = (await gateway.get("/api/models")).json()["data"]
    assert [(each["role"], each["version"]) for each in listed["models"]] == [
        ("CHAMPION", "1.0.0"),
        ("SHADOW", "0.9.0"),
    ]
    assert listed["models"][0]["comparison"] is None
    assert listed["models"][1]["comparison"]["transactions"] == 1_000
    assert listed["models"][1]["comparison"]["alerts_gained"] == 7
    assert listed["drift"] == [
        {"feature": "amount", "psi": 0.3123, "ks": 0.2, "transactions": 5_000, "alarm": True}
    ]
    assert [each["version"] for each in listed["versions"]] == ["1.0.0", "2.0.0", "3.0.0"]
    assert listed["versions"][2]["fault"] == "3.0.0 is slow; make it smaller"
    assert listed["fault"] == ""
    promoted = await gateway.post("/api/models/default/2.0.0/promote")
    assert roles(promoted) == ["CHAMPION 2.0.0", "PREVIOUS 1.0.0"]
    back = await gateway.post("/api/models/rollback")
    assert roles(back) == ["CHAMPION 1.0.0", "PREVIOUS 2.0.0"]


async def test_canary_and_shadow_are_set_and_ended(gateway: httpx.AsyncClient) -> None:
    canary = await gateway.post("/api/models/default/2.0.0/canary", json={"percentage": 12.5})
    assert roles(canary) == ["CHAMPION 1.0.0", "CANARY 2.0.0"]
    assert canary.json()["data"][1]["canary_percentage"] == 12.5
    shadow = await gateway.post("/api/models/default/2.0.0/shadow", json={"active": True})
    assert roles(shadow) == ["CHAMPION 1.0.0", "SHADOW 2.0.0"]
    ended = await gateway.post("/api/models/default/2.0.0/shadow", json={"active": False})
    assert roles(ended) == ["CHAMPION 1.0.0"]


async def test_each_change_is_in_the_record_of_access_and_no_refusal(
    gateway: httpx.AsyncClient,
) -> None:
    await gateway.post("/api/models/default/2.0.0/promote")
    await gateway.post("/api/models/default/3.0.0/promote")
    await gateway.post("/api/models/default/1.0.0/canary", json={"percentage": 5})
    await gateway.post("/api/models/rollback")
    events = (await gateway.get("/api/access-events")).json()["data"]
    told = [(each["action"], each["subject"], each["detail"]) for each in reversed(events)]
    assert told == [
        ("MODEL_PROMOTED", "default/2.0.0", ""),
        ("MODEL_CANARY", "default/1.0.0", "percentage=5"),
        ("MODEL_ROLLED_BACK", "default/1.0.0", ""),
    ]


async def test_refusals_say_what_the_gate_says(gateway: httpx.AsyncClient) -> None:
    refused = await gateway.post("/api/models/default/3.0.0/promote")
    assert (refused.status_code, refused.json()["error_code"]) == (409, "MODEL_INVALID")
    assert "slow; make it smaller" in refused.text
    nothing = await gateway.post("/api/models/rollback")
    assert (nothing.status_code, nothing.json()["error_code"]) == (409, "MODEL_NO_PREVIOUS")
    missing = await gateway.post("/api/models/default/9/promote")
    assert (missing.status_code, missing.json()["error_code"]) == (404, "MODEL_NOT_FOUND")


@pytest.mark.parametrize("body", [{}, {"percentage": 101}, {"percentage": "5"}, {"share": 5}])
async def test_bad_share_is_refused_by_its_field(
    gateway: httpx.AsyncClient, body: dict[str, object]
) -> None:
    answer = await gateway.post("/api/models/default/2.0.0/canary", json=body)
    assert answer.status_code == 422, answer.text


async def test_server_that_is_away_is_said_and_the_page_still_opens(
    gateway: httpx.AsyncClient, scoring
) -> None:
    await scoring.stop()
    assert (await gateway.get("/api/models")).status_code == 503
    page = await gateway.get("/models")
    assert page.status_code == 200
    assert "The scoring server is away" in page.text
