"""Feedback tells the same in all of its lists and sums."""

import pytest

from tests.contract.answers import require_success
from tests.contract.reading import CONTRACT
from tests.contract.served import ANALYSTS, Served


@pytest.mark.parametrize("analyst", ANALYSTS)
def test_feedback_of_an_analyst_is_that_of_the_list(gateway: Served, analyst: str) -> None:
    own = gateway.client.get(f"/api/feedback/by-analyst/{analyst}", params={"limit": 100})
    listed = gateway.client.get("/api/feedback", params={"limit": 100, "analyst": analyst})
    assert own.json()["data"] == listed.json()["data"]
    assert {row["analyst"] for row in own.json()["data"]} == {analyst}


def test_summary_beside_the_list_counts_the_list(gateway: Served) -> None:
    endpoint = CONTRACT.endpoint("GET /api/feedback")
    body = require_success(endpoint, gateway.client.get(endpoint.path, params={"limit": 100}))
    summary = body["summary"]
    # A decision whose alert was reopened stays listed, and resolves nothing any more.
    found = [row["decision"] for row in body["data"] if not row["withdrawn"]]
    assert len(body["data"]) == body["pagination"]["total_records"] > len(found) > 0
    assert summary["total_resolutions"] == len(found)
    assert summary["confirmed_frauds"] == found.count("FRAUD")
    assert summary["false_positives"] == found.count("FALSE_POSITIVE")
