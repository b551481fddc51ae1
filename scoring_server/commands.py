"""The scoring server's part of the `anomaly` command; commands import late what they need."""

import asyncio
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from scoring_server.config import load_config

DEFAULT_TARGET = "127.0.0.1:50051"
GRPC_EXPERIMENTS = "-event_engine_listener,-event_engine_client"
NS_PER_DAY = 86_400 * 1_000_000_000

target_option = click.option(
    "--target",
    default=DEFAULT_TARGET,
    envvar="SCORING_TARGET",
    show_default=True,
    help="host:port of the scoring server.",
)
json_option = click.option("--json", "machine_readable", is_flag=True, help="Print JSON.")


@click.command()
def serve() -> None:
    """Run the scoring server."""
    # Read by gRPC core when it is first used; the thread that drives the completion queue then
    # polls the sockets itself instead of being woken by the threads of gRPC.
    os.environ.setdefault("GRPC_EXPERIMENTS", GRPC_EXPERIMENTS)
    from scoring_server.app import serve as run

    raise SystemExit(run(load_config(os.environ)))


@click.command()
def up() -> None:
    """Run scoring server and gateway together; Ctrl-C stops both."""
    from scoring_server import up as together

    plan = together.plan(os.environ)
    raise SystemExit(asyncio.run(together.run(plan)))


@click.command()
@click.option("--account", help="Paying or trading account.")
@click.option("--amount", type=Decimal, help="Payment: amount in major units, such as 12.50.")
@click.option("--currency", default="EUR", show_default=True, help="ISO 4217 code.")
@click.option("--merchant", default="", help="Merchant that is paid.")
@click.option("--terminal", default="", help="Terminal at the merchant.")
@click.option("--counterparty", default="", help="Receiving account of a transfer.")
@click.option("--device", default="", help="Fingerprint of the device.")
@click.option(
    "--channel",
    type=click.Choice(["POS", "ECOM", "ATM", "TRANSFER", "MOTO"], case_sensitive=False),
    help="How it was made.",
)
@click.option("--mcc", type=click.IntRange(0, 9999), default=0, help="Merchant category code.")
@click.option("--country", default="", help="ISO 3166-1 alpha-2 code of the place.")
@click.option("--position", type=(float, float), help="Latitude and longitude in degrees.")
@click.option("--ip", "ip_address", default="", help="The payer's IP address.")
@click.option("--id", "transaction_id", help="Transaction id; a fresh one when left out.")
@click.option("--time", "event_time", help="RFC 3339 time; now when left out.")
@click.option(
    "--file",
    "file",
    type=click.File("r"),
    help="Read the transaction as the protocol's JSON instead; - is stdin. Trades need this.",
)
@target_option
@json_option
def score(*, target: str, machine_readable: bool, file: Any, **options: Any) -> None:
    """Score one transaction and show the answer."""
    from scoring_server.score import run_score

    text = None if file is None else file.read()
    raise SystemExit(run_score(target, text, options, machine_readable=machine_readable))


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--mapping",
    default="auto",
    show_default=True,
    help="auto, canonical, handbook or a JSON mapping file (docs/replay.md).",
)
@click.option("--stream", "mode", flag_value="stream", default=True, help="One ScoreStream call.")
@click.option("--batch", "mode", flag_value="batch", help="ScoreBatch calls.")
@click.option("--unary", "mode", flag_value="unary", help="One Score call a transaction.")
@click.option("--batch-size", type=click.IntRange(1, 4096), default=256, show_default=True)
@click.option(
    "--window",
    type=click.IntRange(1, 64),
    default=4,
    show_default=True,
    help="Messages of the stream that may wait for their answer.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Send only that many.")
@click.option("--offset", type=click.IntRange(min=0), default=0, help="Leave out the first rows.")
@click.option("--rate", type=click.FloatRange(min=0), default=0.0, help="Transactions a second.")
@click.option("--resume", is_flag=True, help="Go on where the last run with this file stopped.")
@click.option(
    "--labels-delay",
    type=click.FloatRange(min=0),
    metavar="DAYS",
    help="Report the file's labels, each that many days of file time after its transaction.",
)
@click.option(
    "--give-up-after",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for a server that is away.",
)
@target_option
@click.option("--json", "machine_readable", is_flag=True, help="End with one JSON line.")
def replay(
    *,
    file: Path,
    mapping: str,
    limit: int | None,
    offset: int,
    resume: bool,
    labels_delay: float | None,
    target: str,
    machine_readable: bool,
    **options: Any,
) -> None:
    """Score a CSV or Parquet FILE of transactions in the order they happened.

    A server that goes away is waited for, and what was not answered is sent again; the server
    answers a transaction that it knows with its first answer.
    """
    from scoring_server.replay.command import ReplayRun
    from scoring_server.replay.replayer import ReplayOptions

    replay_options = ReplayOptions(
        mode=options["mode"],
        batch_size=options["batch_size"],
        window=options["window"],
        rate=options["rate"],
        labels_delay_ns=None if labels_delay is None else int(labels_delay * NS_PER_DAY),
        give_up_seconds=options["give_up_after"],
    )
    progress_dir = load_config(os.environ).data_dir / "replay"
    run = ReplayRun(file, mapping, target, replay_options, progress_dir)
    code = run.run(offset=offset, limit=limit, resume=resume, machine_readable=machine_readable)
    raise SystemExit(code)


@click.command()
@json_option
def snapshot(*, machine_readable: bool) -> None:
    """Make a snapshot of the state, from which a server that was killed recovers faster.

    A server makes them by itself (SNAPSHOT_INTERVAL_S); it need not be stopped for this.
    """
    from scoring_server.snapshot_command import run_snapshot

    raise SystemExit(run_snapshot(load_config(os.environ), machine_readable=machine_readable))


@click.command()
@json_option
@click.pass_context
def doctor(context: click.Context, *, machine_readable: bool) -> None:
    """Check that everything the servers need is there, and say what to do where not."""
    from scoring_server.doctor import run_doctor

    faults = getattr(context.find_root().command, "faults", {})
    raise SystemExit(run_doctor(os.environ, faults, machine_readable=machine_readable))


@click.command()
@click.argument(
    "what",
    type=click.Choice(["unary", "batch", "engine", "workers", "all"]),
    default="all",
    required=False,
)
@click.option("--quick", is_flag=True, help="Short rounds: shows that it works, not how fast.")
@json_option
def bench(*, what: str, quick: bool, machine_readable: bool) -> None:
    """Measure speed beside an echo server with the same messages, both sides in the same run."""
    from scoring_server.bench.command import run_bench

    raise SystemExit(run_bench(what, quick=quick, machine_readable=machine_readable))


@click.group()
def receipt() -> None:
    """Prove what was decided."""


@receipt.command("verify")
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option(
    "--public-key",
    "public_keys",
    type=click.Path(path_type=Path),
    multiple=True,
    help="PEM file of a key that may have signed; else the one in the data directory.",
)
@json_option
def receipt_verify(
    *, path: Path | None, public_keys: tuple[Path, ...], machine_readable: bool
) -> None:
    """Check the chain of all events in the data directory PATH, DATA_DIR when left out.

    Needs no server, and may run beside one. Names each place that was tampered with.
    """
    from scoring_server.receipts.command import run_verify

    where = path or load_config(os.environ).data_dir
    raise SystemExit(run_verify(where, public_keys, machine_readable=machine_readable))


_DATA_DIR_OPTION = click.option(
    "--data-dir", type=click.Path(path_type=Path), help="A data directory; else DATA_DIR."
)


@receipt.command("replay")
@click.argument("transaction_id")
@_DATA_DIR_OPTION
@json_option
def receipt_replay(*, transaction_id: str, data_dir: Path | None, machine_readable: bool) -> None:
    """Decide a transaction again from what was recorded with it, and show any difference.

    Needs no server, and may run beside one.
    """
    from scoring_server.receipts.command import run_replay

    where = data_dir or load_config(os.environ).data_dir
    raise SystemExit(run_replay(where, transaction_id, machine_readable=machine_readable))


@receipt.command("export")
@click.argument("transaction_id")
@_DATA_DIR_OPTION
def receipt_export(*, transaction_id: str, data_dir: Path | None) -> None:
    """Write what was recorded with a transaction, and what proves it, as JSON."""
    from scoring_server.receipts.command import run_export

    raise SystemExit(run_export(data_dir or load_config(os.environ).data_dir, transaction_id))


@click.group()
def model() -> None:
    """Check, list and deploy models."""


@model.command()
@target_option
@json_option
def slots(*, target: str, machine_readable: bool) -> None:
    """Show which models a running server holds, and what for."""
    _change(target, "ListModels", machine_readable=machine_readable)


@model.command()
@click.argument("name")
@click.argument("version")
@target_option
@json_option
def promote(*, name: str, version: str, target: str, machine_readable: bool) -> None:
    """Make NAME VERSION the champion of a running server, after it has passed the gate."""
    _change(target, "PromoteModel", machine_readable=machine_readable, name=name, version=version)


@model.command()
@target_option
@json_option
def rollback(*, target: str, machine_readable: bool) -> None:
    """Make the previous champion of a running server champion again."""
    _change(target, "RollbackModel", machine_readable=machine_readable)


@model.command()
@click.argument("name")
@click.argument("version")
@click.argument("percentage", type=click.FloatRange(0, 100))
@target_option
@json_option
def canary(
    *, name: str, version: str, percentage: float, target: str, machine_readable: bool
) -> None:
    """Let NAME VERSION score a PERCENTAGE of the accounts; 0 ends it."""
    _change(
        target, "SetCanary", machine_readable=machine_readable,
        name=name, version=version, canary_pct=percentage,
    )  # fmt: skip


@model.command()
@click.argument("name")
@click.argument("version")
@click.option("--off", is_flag=True, help="Stop it.")
@target_option
@json_option
def shadow(*, name: str, version: str, off: bool, target: str, machine_readable: bool) -> None:
    """Compare NAME VERSION with the champion of a running server on all transactions."""
    _change(
        target, "SetShadow", machine_readable=machine_readable,
        name=name, version=version, shadow=not off,
    )  # fmt: skip


def _change(target: str, method: str, *, machine_readable: bool, **fields: Any) -> None:
    from scoring_server.model_commands import change_models

    change_models(target, method, fields, machine_readable=machine_readable)


COMMANDS: list[click.Command] = [up, serve, score, replay, snapshot, doctor, bench, receipt, model]
