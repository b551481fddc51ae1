"""A scoring server in this process, on ports that the system hands out."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from scoring_server.app import ScoringApplication, build
from scoring_server.config import CapacityConfig, LimitConfig, ScoringConfig
from scoring_server.rpc.client import ScoringClient

CAPACITIES = CapacityConfig(
    accounts=1_024,
    merchants=1_024,
    devices=1_024,
    peers=256,
    instruments=256,
    replay_ids=20_000,
)


@pytest.fixture
def config(tmp_path: Path) -> ScoringConfig:
    return ScoringConfig(
        grpc_port=0,
        metrics_port=0,
        data_dir=tmp_path / "data",
        model_dir=tmp_path / "no-models",
        capacities=CAPACITIES,
        limits=LimitConfig(drain_s=5.0),
    )


@pytest.fixture
def start(config: ScoringConfig) -> Iterator[Callable[..., ScoringApplication]]:
    """Start servers with changes to the configuration; those still running are stopped after."""
    running = []

    def started(**changes) -> ScoringApplication:
        application = build(replace(config, **changes))
        application.start()
        running.append(application)
        return application

    yield started
    for application in running:
        application.stop()


@pytest.fixture
def application(start) -> ScoringApplication:
    return start()


@pytest.fixture
def client(application) -> Iterator[ScoringClient]:
    with ScoringClient(application.target) as connected:
        connected.wait_ready()
        yield connected
