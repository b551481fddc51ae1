"""A backtest counts what the engine says, and says None where nothing can be measured."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from models.backtest import backtest
from models.simulation.payments import simulate_payments
from models.training.dataset import History, open_memory_state, read_history
from scoring_server.engine.engine import Engine
from scoring_server.engine.risk import EngineSettings
from scoring_server.inference.model_slots import ModelSlots, open_models


@pytest.fixture(scope="module")
def history() -> History:
    return read_history(simulate_payments(6_000, 9, 30))


@pytest.fixture(scope="module")
def models(small_model_dir: Path) -> ModelSlots:
    return open_models(small_model_dir)


def test_counts_add_up(history: History, models: ModelSlots) -> None:
    told: list[int] = []
    figures = backtest(history, models, on_progress=told.append)
    assert figures["transactions"] == 6_000
    assert sum(figures["decisions"].values()) == 6_000
    assert sum(figures["severities"].values()) == 6_000
    bands = figures["severities"]
    assert figures["alerts"] == bands["MEDIUM"] + bands["HIGH"] + bands["CRITICAL"]
    assert told[-1] == 6_000
    assert told == sorted(told)


def test_figures_are_json_without_nan(history: History, models: ModelSlots) -> None:
    figures = backtest(history, models)
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures


def test_alert_precision_and_recall_are_those_of_the_alerts(
    history: History, models: ModelSlots
) -> None:
    figures = backtest(history, models)
    frauds = int((history.label == 1).sum())
    found = figures["alert_recall"] * frauds
    assert figures["frauds"] == frauds
    assert found == pytest.approx(figures["alert_precision"] * figures["alerts"], abs=0.01)
    assert found == pytest.approx(round(found), abs=0.01)


def test_model_ranks_better_than_chance_and_is_reported(
    history: History, models: ModelSlots
) -> None:
    figures = backtest(history, models)
    assert figures["model"]["auc_roc"] > 0.7
    assert figures["risk"]["auc_roc"] > 0.7
    assert "MODEL_SCORE" in figures["leading_reasons"]


def test_without_a_model_nothing_is_said_of_it_and_nothing_is_degraded(history: History) -> None:
    figures = backtest(history, None)
    assert figures["model"] is None
    assert figures["risk"] is not None
    assert figures["degraded"] == {}


def test_missing_champion_shows_as_degraded(history: History) -> None:
    figures = backtest(history, ModelSlots(fault="none there"))
    assert figures["degraded"] == {"MODEL_MISSING": 6_000}


def test_settings_take_effect(history: History) -> None:
    none = backtest(history, None, EngineSettings(alert_threshold=100.0))
    every = backtest(history, None, EngineSettings(alert_threshold=0.0))
    assert (none["alerts"], every["alerts"]) == (0, 6_000)


def test_history_without_labels_has_counts_only() -> None:
    table = simulate_payments(1_000, 9, 30).drop(["label", "scenario", "label_time"])
    figures = backtest(read_history(table), None)
    assert figures["transactions"] == 1_000
    for name in ("frauds", "alert_precision", "alert_recall", "risk", "model"):
        assert figures[name] is None


def test_history_without_frauds_is_not_ranked() -> None:
    table = simulate_payments(1_000, 9, 30)
    zeros = pa.array(np.zeros(1_000, np.int8))
    table = table.set_column(table.column_names.index("label"), "label", zeros)
    figures = backtest(read_history(table), None)
    assert figures["frauds"] == 0
    assert figures["alert_recall"] is None
    assert figures["risk"] is None


def test_figures_are_those_of_one_transaction_at_a_time(models: ModelSlots) -> None:
    table = simulate_payments(1_000, 9, 30).drop(["label", "scenario", "label_time"])
    history = read_history(table)
    engine = Engine(open_memory_state(history), models)
    alerts = 0
    for row in range(1_000):
        assessment = engine.assess(history.transactions[row : row + 1])
        alerts += int(assessment.risk_score[0] >= EngineSettings().alert_threshold)
    assert backtest(history, models)["alerts"] == alerts
