"""`anomaly train`: from a file, or from nothing to the default model."""

from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from models.console import progress_bar, say, show
from models.training.dataset import build_dataset, read_history, table_kind
from models.training.default_model import DEFAULT_NAME, DEFAULT_VERSION, train_default
from models.training.export import export, refuse_existing
from models.training.features import features_for
from models.training.fingerprint import fingerprint
from models.training.names import check_names
from models.training.train import Recipe, fit
from scoring_server.catalogue import FEATURE_INDEX
from scoring_server.evaluation.mapping import load_transactions
from scoring_server.inference.onnx_model import OnnxModel


def train_the_default(model_dir: Path, *, machine_readable: bool) -> None:
    """Rebuild the default model in a model folder."""
    directory = model_dir / DEFAULT_NAME / DEFAULT_VERSION
    with progress_bar("training") as bar:
        model = train_default(directory, on_progress=bar.say)
    _report(model, directory, machine_readable=machine_readable)


def train_from_file(
    file: Path,
    *,
    name: str,
    version: str,
    alert_budget_ratio: float,
    mapping: str,
    limit: int | None,
    label_delay_days: float,
    model_dir: Path,
    machine_readable: bool,
) -> None:
    """Fit a model on a labelled file and write it to `model_dir/name/version`.

    Raises:
        InvalidArgumentError: the file, a name or the labels cannot be used.
        ConflictError: this version exists.
    """
    check_names(name, version)
    directory = model_dir / name / version
    refuse_existing(directory)
    say(f"Reading {file} ...")
    table = load_transactions(file, mapping, limit)
    history = read_history(table, label_delay_days)
    kind = table_kind(table)
    with progress_bar(f"replaying {kind}", total=len(history.transactions)) as bar:
        dataset = build_dataset(history, on_progress=bar.move)
    recipe = Recipe(features=features_for(kind), alert_budget_ratio=alert_budget_ratio)
    with progress_bar("fitting") as bar:
        fitted = fit({kind: dataset}, recipe)
        bar.say("exporting")
        model = export(
            fitted,
            directory,
            description=f"Gradient-boosted trees for {kind}.",
            data=f"{file.name}, mapping {mapping}, {table.num_rows:,} rows.",
            fingerprint=fingerprint([table]),
            seed=recipe.seed,
        )
    _report(model, directory, machine_readable=machine_readable)


def _report(model: OnnxModel, directory: Path, *, machine_readable: bool) -> None:
    manifest = model.manifest
    figures: dict[str, Any] = {
        "directory": str(directory),
        "sha256": manifest.sha256,
        "features": len(manifest.features),
        "threshold": manifest.threshold,
        "metrics": manifest.metrics,
    }
    if manifest.training is not None:
        figures["rows"] = manifest.training.rows
        figures["frauds"] = manifest.training.frauds
    show("Model", figures, machine_readable=machine_readable)


def write_features(
    file: Path,
    out: Path,
    *,
    mapping: str,
    limit: int | None,
    label_delay_days: float,
    machine_readable: bool,
) -> None:
    """Write the features that the transactions of a file would have been served with.

    Raises:
        InvalidArgumentError: the file cannot be used.
    """
    table = load_transactions(file, mapping, limit)
    history = read_history(table, label_delay_days)
    with progress_bar("replaying", total=len(history.transactions)) as bar:
        dataset = build_dataset(history, on_progress=bar.move)
    columns = {
        "event_time": pa.array(history.event_time_ns, pa.timestamp("ns", tz="UTC")),
        "label": pa.array(history.label),
        **{name: dataset.features[:, place] for name, place in FEATURE_INDEX.items()},
    }
    parquet.write_table(pa.table(columns), out)
    figures = {"file": str(out), "rows": len(history.transactions), "features": len(FEATURE_INDEX)}
    show("Features", figures, machine_readable=machine_readable)
