"""Protocols judge every fold by a model that knows only the fold's past."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet

from models.protocols import Trial, run_trial
from models.simulation.payments import simulate_payments
from models.training.dataset import DAY_NS, History, read_history
from scoring_server.errors import InvalidArgumentError
from tests.unit.models.test_model_commands import run


@pytest.fixture(scope="module")
def history() -> History:
    return read_history(simulate_payments(20_000, 9, 40))


def test_figures_have_the_promised_keys_and_are_json(history: History) -> None:
    figures = run_trial(history, Trial("prequential", seeds=1))
    assert {
        "auc_roc",
        "average_precision",
        "card_precision_100",
        "folds",
        "recall_by_scenario",
        "tps",
    } <= figures.keys()
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures
    assert len(figures["folds"]) == 3
    low, high = figures["average_precision_interval"]
    assert 0.0 < low <= high <= 1.0


def test_a_trial_says_the_same_again(history: History) -> None:
    first = run_trial(history, Trial("holdout", seeds=1))
    again = run_trial(history, Trial("holdout", seeds=1))
    assert {**first, "tps": 0} == {**again, "tps": 0}
    assert first["auc_roc"] > 0.7


def test_what_comes_after_a_fold_changes_nothing(history: History) -> None:
    start = str(np.datetime64(int(history.event_time_ns[0] // DAY_NS) + 3, "D"))
    end_ns = (int(history.event_time_ns[0] // DAY_NS) + 3 + 21) * DAY_NS
    kept = int(np.searchsorted(history.event_time_ns, end_ns))
    short = replace(
        history,
        transactions=history.transactions[:kept],
        label=history.label[:kept],
        label_time_ns=history.label_time_ns[:kept],
        scenario=history.scenario[:kept],
    )
    trial = Trial("prequential", (start,), seeds=1)
    whole = run_trial(history, trial)
    assert whole["folds"] == run_trial(short, trial)["folds"]


def test_without_labels_late_labels_make_no_difference(history: History) -> None:
    trial = Trial("prequential", no_labels=True)
    never = replace(history, label_time_ns=np.zeros_like(history.label_time_ns))
    found, expected = run_trial(history, trial), run_trial(never, trial)
    assert found["folds"] == expected["folds"]
    assert found["judged"] == "detectors"
    late = run_trial(history, Trial("prequential", detectors_only=True))
    assert late["folds"] != found["folds"]


def test_a_fold_outside_the_history_is_refused(history: History) -> None:
    with pytest.raises(InvalidArgumentError, match="2018-07-25"):
        run_trial(history, Trial("handbook"))


def test_a_holdout_takes_no_folds(history: History) -> None:
    with pytest.raises(InvalidArgumentError, match="--folds"):
        run_trial(history, Trial("holdout", ("2026-01-01",)))


def test_the_command_ends_with_one_json_line(tmp_path: Path) -> None:
    path = tmp_path / "history.parquet"
    parquet.write_table(simulate_payments(20_000, 9, 40), path)
    arguments = ("--protocol", "holdout", "--detectors-only", "--json")
    figures = json.loads(run("backtest", str(path), *arguments).stdout)
    assert figures["protocol"] == "holdout"
    assert run("backtest", str(path), *arguments[:-1]).stdout.startswith("Backtest")
