"""The commands as a person or a script calls them."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from pyarrow import csv, parquet

from models.commands import COMMANDS
from models.simulation.payments import simulate_payments
from scoring_server.errors import ConflictError, InvalidArgumentError, ScoringError
from scoring_server.evaluation.mapping import load_transactions
from scoring_server.inference.errors import ModelError


def run(*arguments: str) -> Result:
    command = next(each for each in COMMANDS if each.name == arguments[0])
    return CliRunner().invoke(command, list(arguments[1:]))


def fails(error: type[ScoringError], *arguments: str) -> str:
    result = run(*arguments)
    assert isinstance(result.exception, error), result.output
    return result.exception.message


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("histories") / "payments.parquet"
    parquet.write_table(simulate_payments(20_000, 4, 40), path)
    return path


def test_simulate_writes_parquet_and_sums_it_up(tmp_path: Path) -> None:
    out = tmp_path / "p.parquet"
    result = run("simulate", "--transactions", "2000", "--seed", "3", str(out), "--json")
    figures = json.loads(result.stdout)
    table = parquet.read_table(out)
    assert table.equals(simulate_payments(2_000, 3))
    assert figures["transactions"] == 2_000
    assert sum(figures["scenarios"].values()) == 2_000
    assert figures["frauds"] == sum(table["label"].to_pylist())
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("kind", ["payments", "trades"])
def test_simulated_csv_reads_back_as_the_canonical_table(tmp_path: Path, kind: str) -> None:
    paths = [tmp_path / "h.csv", tmp_path / "h.parquet"]
    for path in paths:
        assert run("simulate", "--kind", kind, "--transactions", "1500", str(path)).exit_code == 0
    from_csv, from_parquet = (load_transactions(path) for path in paths)
    assert from_csv.equals(from_parquet)


def test_simulate_refuses_another_ending(tmp_path: Path) -> None:
    text = fails(InvalidArgumentError, "simulate", str(tmp_path / "p.xlsx"))
    assert "must end in .parquet or .csv, was p.xlsx" in text


def test_simulate_says_when_it_cannot_write(tmp_path: Path) -> None:
    arguments = ["simulate", "--transactions", "1000", str(tmp_path / "none" / "p.csv")]
    assert "cannot be written" in fails(InvalidArgumentError, *arguments)


def test_train_writes_a_model_that_check_and_list_accept(file: Path, tmp_path: Path) -> None:
    arguments = ["--name", "mine", "--version", "7", "--model-dir", str(tmp_path), "--json"]
    figures = json.loads(run("train", str(file), *arguments).stdout)
    directory = tmp_path / "mine" / "7"
    assert figures["directory"] == str(directory)
    assert 0.0 < figures["threshold"] < 1.0
    assert figures["metrics"]["payments.auc_roc"] > 0.7
    checked = json.loads(run("model", "check", str(directory), "--json").stdout)
    assert checked["sha256"] == figures["sha256"]
    assert checked["model"] == "mine/7"
    listed = json.loads(run("model", "list", "--model-dir", str(tmp_path), "--json").stdout)
    expected = {"name": "mine", "version": "7", "sha256": figures["sha256"], "fault": ""}
    assert listed == [expected]
    text = fails(ConflictError, "train", str(file), *arguments)
    assert "choose another version" in text


@pytest.mark.parametrize("arguments", [[], ["--default", "some.csv"]])
def test_train_wants_a_file_or_default(arguments: list[str]) -> None:
    result = run("train", *arguments)
    assert result.exit_code == 2
    assert "either FILE or --default" in result.output


def test_train_refuses_a_name_that_leaves_the_folder(file: Path, tmp_path: Path) -> None:
    text = fails(
        InvalidArgumentError, "train", str(file), "--name", "../x", "--model-dir", str(tmp_path)
    )
    assert "'../x'" in text


def test_backtest_prints_json(file: Path, small_model_dir: Path) -> None:
    arguments = ["--limit", "5000", "--model-dir", str(small_model_dir), "--json"]
    figures = json.loads(run("backtest", str(file), *arguments).stdout)
    assert figures["transactions"] == 5_000
    assert figures["model"]["auc_roc"] > 0.6


def test_backtest_prints_a_table(file: Path) -> None:
    result = run("backtest", str(file), "--limit", "2000", "--without-model")
    assert result.exit_code == 0
    assert "alert precision" in result.stdout
    assert "decisions: APPROVE" in result.stdout


def test_backtest_without_the_model_it_was_told_to_use_fails(file: Path, tmp_path: Path) -> None:
    text = fails(ModelError, "backtest", str(file), "--model-dir", str(tmp_path))
    assert "no model default" in text


def test_backtest_takes_a_file_that_has_no_labels(tmp_path: Path) -> None:
    path = tmp_path / "plain.csv"
    table = simulate_payments(1_000, 4, 40).select(
        ["transaction_id", "event_time", "account_id", "amount_minor", "currency"]
    )
    csv.write_csv(table, path)
    figures = json.loads(run("backtest", str(path), "--without-model", "--json").stdout)
    assert figures["transactions"] == 1_000
    assert figures["frauds"] is None


def test_model_list_shows_the_fault_of_a_broken_one(artifact_copy: Path) -> None:
    (artifact_copy / "model.onnx").write_bytes(b"x")
    model_dir = str(artifact_copy.parent.parent)
    listed: list[dict[str, Any]] = json.loads(
        run("model", "list", "--model-dir", model_dir, "--json").stdout
    )
    assert "SHA-256" in listed[0]["fault"]
    assert "SHA-256" in fails(ModelError, "model", "check", str(artifact_copy))


def test_model_list_of_an_empty_folder_is_empty(tmp_path: Path) -> None:
    assert json.loads(run("model", "list", "--model-dir", str(tmp_path), "--json").stdout) == []


def test_model_schema_is_json() -> None:
    assert "$defs" in json.loads(run("model", "schema").stdout)


@pytest.fixture
def artifact_copy(small_model_dir: Path, tmp_path: Path) -> Path:
    """Return a copy of the small model that may be broken."""
    target = tmp_path / "default" / "1"
    target.mkdir(parents=True)
    for path in (small_model_dir / "default" / "1").iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    return target


def test_csv_keeps_every_digit_of_a_time(tmp_path: Path) -> None:
    out = tmp_path / "p.csv"
    run("simulate", "--transactions", "1000", str(out))
    times = load_transactions(out)["event_time"].cast(pa.int64()).to_pylist()
    assert times == simulate_payments(1_000, 1)["event_time"].cast(pa.int64()).to_pylist()
