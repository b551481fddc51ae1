"""What a server answers to a replay over gRPC is what a backtest of the same file says."""

import asyncio
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet

from models.simulation.payments import simulate_payments
from models.simulation.trades import simulate_trades
from models.training.dataset import read_history, replay_in_memory
from scoring_server.clock import NS_PER_S
from scoring_server.evaluation.mapping import load_transactions
from scoring_server.inference.artifact import load_model
from scoring_server.inference.model_slots import ModelSlots
from scoring_server.replay.progress_file import Progress
from scoring_server.replay.replayer import Replayer, ReplayOptions
from tests.integration.scoring_server.conftest import CAPACITIES

ROW_COUNT = 5_000
DELAY_DAYS = 7
MODELS = Path(__file__).parents[3] / "models"
ROOM = replace(CAPACITIES, accounts=8_192, merchants=8_192, devices=8_192, peers=2_048)
SIMULATIONS = {
    "payments": lambda: simulate_payments(ROW_COUNT, seed=5, day_count=40),
    "trades": lambda: simulate_trades(ROW_COUNT, seed=5, day_count=40),
}


@pytest.fixture(params=sorted(SIMULATIONS))
def table(request, tmp_path):
    """A file without label times, so that both sides take the delay."""
    path = tmp_path / "history.parquet"
    parquet.write_table(SIMULATIONS[request.param]().drop_columns(["label_time"]), path)
    return load_transactions(path, "auto", None)


def backtested(table, models):
    history = read_history(table, DELAY_DAYS)
    scores = np.full(len(history.transactions), np.nan)

    def keep(first, assessment):
        scores[first : first + len(assessment.risk_score)] = assessment.risk_score

    replay_in_memory(history, keep, models)
    assert ((history.label_time_ns > 0) & (history.label_time_ns < history.event_time_ns[-1])).any()
    return scores


def replayed(table, target, **options):
    delay_ns = DELAY_DAYS * 86_400 * NS_PER_S
    replayer = Replayer(
        table,
        ReplayOptions(labels_delay_ns=delay_ns, **options),
        Progress(0, 0),
        on_progress=lambda _progress: None,
        on_wait=lambda _trouble: None,
    )
    asyncio.run(replayer.run(target))
    assert replayer.tally.labels_reported > 0
    return replayer.tally.risk_scores


@pytest.mark.parametrize(
    ("mode", "batch_size"), [("stream", 256), ("batch", 100), ("stream", 4_096)]
)
def test_scores_are_those_of_a_backtest(start, table, mode, batch_size):
    target = start(capacities=ROOM).target
    scores = replayed(table, target, mode=mode, batch_size=batch_size, labels_exact=True)
    np.testing.assert_allclose(scores, backtested(table, None), rtol=0, atol=1e-6)


def test_scores_with_the_model_are_those_of_a_backtest(start, table):
    target = start(capacities=ROOM, model_dir=MODELS).target
    scores = replayed(table, target, labels_exact=True)
    models = ModelSlots(load_model(MODELS / "default" / "1"))
    np.testing.assert_allclose(scores, backtested(table, models), rtol=0, atol=1e-6)


@pytest.mark.parametrize("table", ["payments"], indirect=True)
def test_labels_gathered_for_an_hour_are_not_those_of_a_backtest(start, table):
    """The exact mode is what makes them equal."""
    scores = replayed(table, start(capacities=ROOM).target)
    assert np.abs(scores - backtested(table, None)).max() > 1e-6
