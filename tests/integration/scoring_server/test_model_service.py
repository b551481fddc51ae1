"""Changing models under a real server: every answer names its model, and no bad one gets in."""

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest
from anomaly.v1 import model_service_pb2
from click.testing import CliRunner

from scoring_server.model_commands import model
from scoring_server.rpc.client import ScoringClient
from tests.integration.scoring_server.messages import payment
from tests.integration.scoring_server.test_server_life import scrape
from tests.support.broken_artifacts import BROKEN
from tests.support.model_artifacts import Artifact
from tests.support.waiting import eventually

_TIMEOUT_S = 120
# How a line of the log begins.
LOGGED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ")


@pytest.fixture
def model_dir(tmp_path: Path) -> Path:
    """Return a folder with the versions 1 and 2 of the model m."""
    for version in ("1", "2"):
        Artifact(tmp_path / "models" / "m" / version)
    return tmp_path / "models"


@pytest.fixture
def served(start: Callable, model_dir: Path) -> Callable:
    def serve(watch_s: float = 0.0):
        return start(model_dir=model_dir, model_name="m", model_version="1", model_watch_s=watch_s)

    return serve


@pytest.fixture
def client(served):
    application = served()
    with ScoringClient(application.target) as connected:
        connected.wait_ready()
        connected.application = application
        yield connected


def promote(client: ScoringClient, version: str) -> list[str]:
    request = model_service_pb2.PromoteModelRequest(name="m", version=version)
    return roles(client.models.PromoteModel(request, timeout=_TIMEOUT_S).models)


def roles(models) -> list[str]:
    role = model_service_pb2.ModelRole.Name
    return [f"{role(each.role).removeprefix('MODEL_ROLE_')} {each.version}" for each in models]


def version_that_scores(client: ScoringClient, number: int, **fields) -> str:
    return client.score(payment(number, **fields)).model_version


def test_promoted_model_answers_from_the_next_call_on_and_after_a_restart(client, served):
    assert version_that_scores(client, 1) == "1"
    assert promote(client, "2") == ["CHAMPION 2", "PREVIOUS 1"]
    assert version_that_scores(client, 2) == "2"
    told = scrape(client.application)
    assert re.search(r'anomaly_model_info{.*role="champion".*version="2"} 1', told)
    client.application.stop()
    with ScoringClient(served().target) as again:
        again.wait_ready()
        assert version_that_scores(again, 3) == "2"
        request = model_service_pb2.RollbackModelRequest()
        assert roles(again.models.RollbackModel(request, timeout=10).models)[0] == "CHAMPION 1"
        assert version_that_scores(again, 4) == "1"
        # The first answer stands, with the model that gave it.
        assert version_that_scores(again, 2) == "2"


def test_canary_scores_its_accounts_in_any_call_and_names_itself(client):
    request = model_service_pb2.SetCanaryRequest(name="m", version="2", canary_pct=40.0)
    held = client.models.SetCanary(request, timeout=_TIMEOUT_S).models
    assert [(each.role, each.canary_pct) for each in held] == [(1, 0.0), (4, 40.0)]
    accounts = [f"account-{number}" for number in range(60)]
    alone = [
        version_that_scores(client, number, account_id=account)
        for number, account in enumerate(accounts)
    ]
    assert 10 <= alone.count("2") <= 40
    batch = [payment(100 + number, account_id=account) for number, account in enumerate(accounts)]
    outcomes = client.score_batch(batch)
    assert [each.result.model_version for each in outcomes] == alone
    assert [each.result.transaction_id for each in outcomes] == [
        each.transaction_id for each in batch
    ]
    client.models.SetCanary(
        model_service_pb2.SetCanaryRequest(name="m", version="2"), timeout=_TIMEOUT_S
    )
    assert version_that_scores(client, 300, account_id=accounts[alone.index("2")]) == "1"


def test_shadow_is_held_and_does_not_answer(client):
    request = model_service_pb2.SetShadowRequest(name="m", version="2", shadow=True)
    held = client.models.SetShadow(request, timeout=_TIMEOUT_S).models
    assert roles(held) == ["CHAMPION 1", "SHADOW 2"]
    assert version_that_scores(client, 1) == "1"


def test_names_must_be_given(client):
    with pytest.raises(grpc.RpcError) as caught:
        client.models.PromoteModel(model_service_pb2.PromoteModelRequest(), timeout=10)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "name must be given (and 1 more)" in caught.value.details()


def test_no_broken_artifact_takes_the_champions_place(client, model_dir):
    """Each is asked for by a call; each is refused with its own sentence."""
    refusals = set()
    for number, broken in enumerate(BROKEN):
        artifact = Artifact(model_dir / "m" / f"broken-{number}")
        broken.break_it(artifact)
        with pytest.raises(grpc.RpcError) as caught:
            promote(client, artifact.directory.name)
        assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION, broken.name
        assert re.search(broken.says, caught.value.details()), broken.name
        refusals.add(caught.value.details())
        assert version_that_scores(client, number) == "1"
    assert len(refusals) == len(BROKEN)
    assert roles(client.list_models()) == ["CHAMPION 1"]


def test_dropped_folders_are_judged_like_calls(served, model_dir):
    application = served(watch_s=0.05)
    Artifact(model_dir / "m" / "3")
    broken = Artifact(model_dir / "m" / "4")
    next(each for each in BROKEN if each.name == "random_numbers").break_it(broken)
    (model_dir / "champion").write_text("m/2")

    async def all_judged():
        listed = client.models.ListModels(model_service_pb2.ListModelsRequest(), timeout=10)
        in_use = roles(listed.models) == ["CHAMPION 2", "SHADOW 3", "PREVIOUS 1"]
        return in_use and "RandomUniformLike" in listed.versions[3].fault

    with ScoringClient(application.target) as client:
        client.wait_ready()
        asyncio.run(eventually(all_judged))
        assert version_that_scores(client, 1) == "2"


def test_command_line_changes_the_same_slots(client, model_dir):
    target = ["--target", client.application.target]

    def run(*arguments: str) -> list[str]:
        # The server of this process writes its log, each line with its time, to the same output.
        lines = CliRunner().invoke(model, [*arguments, *target]).output.splitlines()
        return [" ".join(line.split()) for line in lines if not LOGGED.match(line)]

    assert run("slots") == ["champion m/1"]
    assert run("canary", "m", "2", "12.5") == ["champion m/1", "canary m/2, 12.5 % of accounts"]
    assert run("promote", "m", "2") == ["champion m/2", "previous m/1"]
    assert json.loads(run("rollback", "--json")[0])[0]["version"] == "1"
    assert run("shadow", "m", "2") == ["champion m/1", "shadow m/2", "previous m/2"]
    assert run("shadow", "m", "2", "--off") == ["champion m/1", "previous m/2"]
    assert "Error: no version 9 of model m" in run("promote", "m", "9")[-1]


def listed(client):
    return client.models.ListModels(model_service_pb2.ListModelsRequest(), timeout=10)


def test_shadow_is_compared_with_every_answer(client, model_dir):
    request = model_service_pb2.SetShadowRequest(name="m", version="2", shadow=True)
    client.models.SetShadow(request, timeout=_TIMEOUT_S)
    client.score_batch([payment(number) for number in range(300)])
    version_that_scores(client, 400)

    async def all_compared():
        return listed(client).models[1].comparison.transactions == 301

    asyncio.run(eventually(all_compared))
    found = listed(client).models[1].comparison
    # The same graph: it would have changed nothing.
    assert (found.alerts_gained, found.alerts_lost, found.failed) == (0, 0, 0)
    assert found.score_difference_mean == 0.0
    what = 'name="m",version="2",what="transactions"'
    assert f"anomaly_shadow_transactions{{{what}}} 301.0" in scrape(client.application)
    assert not listed(client).models[0].HasField("comparison")


def test_shadow_that_would_alert_more_says_so(client, model_dir):
    artifact = Artifact(model_dir / "m" / "eager")
    artifact.manifest["threshold"] = 0.001
    artifact.write()
    request = model_service_pb2.SetShadowRequest(name="m", version="eager", shadow=True)
    client.models.SetShadow(request, timeout=_TIMEOUT_S)
    alerts = sum(
        bool(each.result.alert_id)
        for each in client.score_batch([payment(number) for number in range(200)])
    )

    async def all_compared():
        return listed(client).models[1].comparison.transactions == 200

    asyncio.run(eventually(all_compared))
    found = listed(client).models[1].comparison
    assert found.alerts == alerts
    assert found.alerts_gained + alerts > 150
    assert found.alerts_lost == 0


def test_drift_from_the_snapshot_is_told(start, model_dir):
    artifact = Artifact(model_dir / "m" / "7")
    artifact.manifest["snapshot"] = {"score": {"edges": [2.0], "shares": [0.01, 0.99]}}
    artifact.write()
    application = start(model_dir=model_dir, model_name="m", model_version="7", model_watch_s=0.0)
    with ScoringClient(application.target) as client:
        client.wait_ready()
        for first in range(0, 5_000, 1_000):
            client.score_batch([payment(number) for number in range(first, first + 1_000)])

        async def first_window_is_full():
            return listed(client).drifts[0].transactions == 5_000

        asyncio.run(eventually(first_window_is_full))
        (drift,) = listed(client).drifts
    assert (drift.feature, drift.alarm) == ("score", True)
    assert drift.psi > 0.2
    assert 'anomaly_drift_psi{feature="score"}' in scrape(application)
