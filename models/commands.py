"""The model tools' part of the `anomaly` command; commands import late what they need."""

from pathlib import Path
from typing import Any

import click

json_option = click.option("--json", "machine_readable", is_flag=True, help="Print JSON.")
mapping_option = click.option(
    "--mapping",
    default="auto",
    show_default=True,
    help="auto, canonical, handbook or a JSON mapping file.",
)
limit_option = click.option(
    "--limit", type=click.IntRange(min=1), help="Take only so many of the earliest transactions."
)
delay_option = click.option(
    "--label-delay-days",
    type=click.FloatRange(min=0.0),
    default=7.0,
    show_default=True,
    help="When frauds become known, where the file does not say.",
)
budget_option = click.option(
    "--alert-budget",
    "alert_budget_ratio",
    type=click.FloatRange(0.0001, 0.5),
    default=0.01,
    show_default=True,
    help="Share of transactions that may be reviewed; sets the threshold.",
)
model_dir_option = click.option(
    "--model-dir",
    type=click.Path(path_type=Path),
    default="models",
    envvar="MODEL_DIR",
    show_default=True,
    help="Folder that holds one folder a model.",
)


@click.command()
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--kind", type=click.Choice(["payments", "trades"]), default="payments", show_default=True
)
@click.option(
    "--transactions",
    "transaction_count",
    type=click.IntRange(1_000, 50_000_000),
    default=100_000,
    show_default=True,
)
@click.option("--days", "day_count", type=click.IntRange(30, 365), default=75, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@json_option
def simulate(
    *,
    out: Path,
    kind: str,
    transaction_count: int,
    day_count: int,
    seed: int,
    machine_readable: bool,
) -> None:
    """Write a made-up history with known fraud to OUT, a .parquet or .csv file.

    The same options write the same rows.
    """
    from models.simulation.output import write_simulation

    write_simulation(
        out, kind, transaction_count, day_count, seed, machine_readable=machine_readable
    )


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--default", "rebuild", is_flag=True, help="Rebuild the model that comes with it.")
@click.option("--name", default="custom", show_default=True, help="Name of the model.")
@click.option("--version", default="1", show_default=True, help="Version of the model.")
@budget_option
@mapping_option
@limit_option
@delay_option
@model_dir_option
@json_option
def train(*, file: Path | None, rebuild: bool, machine_readable: bool, **options: Any) -> None:
    """Fit a model on the labelled history in FILE and write it as an artifact.

    Features come from the engine that serves. A version that exists is never changed; only
    --default replaces what it made before, with the same bytes.
    """
    from models.training.run import train_from_file, train_the_default

    if rebuild == (file is not None):
        raise click.UsageError("Give either FILE or --default.")
    if file is None:
        train_the_default(options["model_dir"], machine_readable=machine_readable)
    else:
        train_from_file(file, machine_readable=machine_readable, **options)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", default="default", envvar="MODEL_NAME", show_default=True)
@click.option("--version", default="", help="Version of the model; the highest when left out.")
@click.option("--without-model", is_flag=True, help="Leave the model out.")
@click.option(
    "--alert-budget",
    "budget_ratio",
    type=click.FloatRange(0.0001, 0.5),
    default=0.01,
    show_default=True,
    help="Share of transactions that may be reviewed.",
)
@click.option(
    "--protocol",
    type=click.Choice(["handbook", "holdout", "prequential", "nab"]),
    help="Judge by folds, each with a model fitted on its own past; nab takes a file of series.",
)
@click.option("--detectors-only", is_flag=True, help="With --protocol: fit no model.")
@click.option("--no-labels", is_flag=True, help="With --protocol: no label reaches the engine.")
@click.option(
    "--folds", default="", help="With --protocol: first training days, 2026-01-05,2026-01-12,..."
)
@click.option(
    "--seeds",
    type=click.IntRange(1, 100),
    default=3,
    show_default=True,
    help="With --protocol: models a fold.",
)
@mapping_option
@limit_option
@delay_option
@model_dir_option
@json_option
def backtest(
    *,
    file: Path,
    protocol: str | None,
    detectors_only: bool,
    no_labels: bool,
    folds: str,
    seeds: int,
    **options: Any,
) -> None:
    """Run FILE through the engine without a server and show what it would have said.

    With --protocol a model is fitted on the training days of each fold and judged on later ones;
    --name, --version, --without-model and --alert-budget then mean nothing.
    """
    from models.run import run_backtest, run_nab_file, run_protocol

    if protocol is None:
        if detectors_only or no_labels or folds:
            raise click.UsageError("--detectors-only, --no-labels and --folds need --protocol.")
        run_backtest(file, **options)
        return
    if protocol == "nab":
        run_nab_file(file, machine_readable=options["machine_readable"])
        return
    run_protocol(
        file,
        protocol=protocol,
        starts=tuple(day.strip() for day in folds.split(",") if day.strip()),
        detectors_only=detectors_only,
        no_labels=no_labels,
        seeds=seeds,
        mapping=options["mapping"],
        limit=options["limit"],
        label_delay_days=options["label_delay_days"],
        machine_readable=options["machine_readable"],
    )


@click.group()
def model() -> None:
    """Check, list and deploy models."""


@model.command()
@click.argument("directory", type=click.Path(path_type=Path))
@json_option
def check(*, directory: Path, machine_readable: bool) -> None:
    """Load the artifact in DIRECTORY with every check that the server makes."""
    from models.run import check_model

    check_model(directory, machine_readable=machine_readable)


@model.command(name="list")
@model_dir_option
@json_option
def list_(*, model_dir: Path, machine_readable: bool) -> None:
    """List the models in a folder, broken ones with their fault."""
    from models.run import list_all

    list_all(model_dir, machine_readable=machine_readable)


@model.command()
def schema() -> None:
    """Print the JSON Schema of manifest.json."""
    from models.run import print_schema

    print_schema()


@model.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@mapping_option
@limit_option
@delay_option
@json_option
def features(*, file: Path, out: Path, **options: Any) -> None:
    """Write to OUT, a Parquet file, the features that FILE would have been served with.

    One row a transaction, with its label: what a notebook fits a model on.
    """
    from models.training.run import write_features

    write_features(file, out, **options)


@model.command()
@click.argument("graph", type=click.Path(path_type=Path))
@click.option(
    "--samples",
    type=click.Path(path_type=Path),
    required=True,
    help="CSV or Parquet: a column a feature, in the graph's order, and the framework's `score`.",
)
@click.option("--name", required=True, help="Name of the model.")
@click.option("--version", required=True, help="Version of the model.")
@click.option("--description", default="", help="One or two sentences for people.")
@click.option(
    "--anomalous",
    type=click.Choice(["high", "low"]),
    default="high",
    show_default=True,
    help="Which of the framework's scores are the anomalous ones.",
)
@budget_option
@click.option(
    "--threshold",
    type=click.FloatRange(0.0, 1.0),
    help="Score, as served, from which it would alert by itself; the budget's when left out.",
)
@model_dir_option
@json_option
def pack(*, graph: Path, **options: Any) -> None:
    """Make an artifact of GRAPH, an ONNX file that a framework exported.

    Which output is the score, and in what form, is found by the scores in the samples.
    """
    from models.run import pack_model

    pack_model(graph, **options)


COMMANDS: list[click.Command] = [simulate, train, backtest, model]
