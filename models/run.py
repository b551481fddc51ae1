"""`anomaly backtest` and `anomaly model`."""

import json
from pathlib import Path
from typing import Any, Literal

import click

from models.backtest import backtest
from models.console import progress_bar, say, show
from models.nab import NabFile, run_nab
from models.packing.pack import pack, read_samples
from models.protocols import Trial, run_trial
from models.training.dataset import read_history
from models.training.names import check_names
from scoring_server.evaluation.mapping import load_transactions
from scoring_server.inference.artifact import load_model
from scoring_server.inference.errors import ModelError
from scoring_server.inference.manifest import manifest_schema
from scoring_server.inference.model_slots import ModelSlots
from scoring_server.inference.repository import find_model, list_models, list_versions
from scoring_server.inference.trial import check_latency


def run_backtest(
    file: Path,
    *,
    name: str,
    version: str,
    without_model: bool,
    budget_ratio: float,
    mapping: str,
    limit: int | None,
    label_delay_days: float,
    model_dir: Path,
    machine_readable: bool,
) -> None:
    """Backtest a file and show the figures.

    Raises:
        ModelError: there is no such model, or it is broken. A backtest never goes on without it.
        InvalidArgumentError: the file cannot be used.
    """
    slots = None
    if not without_model:
        slots = ModelSlots(champion=load_model(find_model(model_dir, name, version)))
    say(f"Reading {file} ...")
    history = read_history(load_transactions(file, mapping, limit), label_delay_days)
    with progress_bar("backtest", total=len(history.transactions)) as bar:
        figures = backtest(history, slots, budget_ratio=budget_ratio, on_progress=bar.move)
    show("Backtest", figures, machine_readable=machine_readable)


def run_protocol(
    file: Path,
    *,
    protocol: str,
    starts: tuple[str, ...],
    detectors_only: bool,
    no_labels: bool,
    seeds: int,
    mapping: str,
    limit: int | None,
    label_delay_days: float,
    machine_readable: bool,
) -> None:
    """Judge a file by a protocol and show the figures; the last line of --json is all of them.

    Raises:
        InvalidArgumentError: the file or the folds cannot be used.
    """
    trial = Trial(protocol, starts, detectors_only, no_labels, seeds)
    say(f"Reading {file} ...")
    history = read_history(load_transactions(file, mapping, limit), label_delay_days)
    with progress_bar("backtest", total=len(history.transactions)) as bar:
        figures = run_trial(history, trial, on_progress=bar.move)
    if not machine_readable:
        by_fold = {fold["start"]: fold["average_precision"] for fold in figures.pop("folds")}
        figures["average precision of the fold from"] = by_fold
    show("Backtest", figures, machine_readable=machine_readable)


def run_nab_file(file: Path, *, machine_readable: bool) -> None:
    """Judge the instrument detectors by a file of benchmark series and show the figures.

    Raises:
        InvalidArgumentError: the file cannot be used.
    """
    say(f"Reading {file} ...")
    series = NabFile(file)
    with progress_bar("backtest", total=len(series.windows)) as bar:
        figures = run_nab(series, on_progress=bar.move)
    show("Backtest", figures, machine_readable=machine_readable)


def check_model(directory: Path, *, machine_readable: bool) -> None:
    """Load an artifact with every check and show what it is.

    Raises:
        ModelError: a check failed; the message says which, and how to mend it.
    """
    model = load_model(directory.resolve())
    identity, latency = model.identity, check_latency(model)
    figures = {
        "model": f"{identity.name}/{identity.version}",
        "sha256": identity.sha256,
        "features": len(identity.features),
        "threshold": identity.threshold,
        **{name: round(took_ms, 4) for name, took_ms in latency.items()},
        "fault": "none",
    }
    show("Model", figures, machine_readable=machine_readable)


def list_all(model_dir: Path, *, machine_readable: bool) -> None:
    """List all versions of all models in a folder, lowest first; a broken one with its fault."""
    found: list[dict[str, Any]] = []
    for name in list_models(model_dir):
        for version in list_versions(model_dir, name):
            entry: dict[str, Any] = {"name": name, "version": version, "sha256": "", "fault": ""}
            try:
                entry["sha256"] = load_model(model_dir / name / version).identity.sha256
            except ModelError as error:
                entry["fault"] = error.message
            found.append(entry)
    if machine_readable:
        click.echo(json.dumps(found))
        return
    if not found:
        say(f"No models in {model_dir}.")
        return
    lines = {
        f"{entry['name']}/{entry['version']}": entry["fault"] or entry["sha256"] for entry in found
    }
    show("Models", lines, machine_readable=False)


def print_schema() -> None:
    """Print the JSON Schema of manifest.json."""
    click.echo(json.dumps(manifest_schema(), indent=2))


def pack_model(
    graph: Path,
    *,
    samples: Path,
    name: str,
    version: str,
    description: str,
    anomalous: Literal["high", "low"],
    alert_budget_ratio: float,
    threshold: float | None,
    model_dir: Path,
    machine_readable: bool,
) -> None:
    """Make an artifact of an exported graph and show what it is.

    Raises:
        InvalidArgumentError: the graph or the samples cannot be used, or contradict each other.
        ModelError: the artifact does not pass the gate.
    """
    check_names(name, version)
    directory = model_dir / name / version
    model, found = pack(
        graph,
        read_samples(samples),
        directory,
        description=description,
        anomalous=anomalous,
        alert_budget_ratio=alert_budget_ratio,
        threshold=threshold,
    )
    figures = {
        "directory": str(directory),
        "score": f"{found.name}[:, {found.column}], {found.form}",
        "kind": model.manifest.output.kind,
        "features": len(model.identity.features),
        "threshold": model.identity.threshold,
        "sha256": model.identity.sha256,
    }
    show("Model", figures, machine_readable=machine_readable)
