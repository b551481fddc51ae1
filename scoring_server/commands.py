"""The scoring server's part of the `anomaly` command; commands import late what they need."""

import asyncio
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from scoring_server.command_options import json_option, target_option
from scoring_server.config import load_config
from scoring_server.model_commands import model
from scoring_server.receipt_commands import receipt
from scoring_server.rule_commands import rules

NS_PER_DAY = 86_400 * 1_000_000_000


@click.command()
@click.option("--worker", type=click.IntRange(0), hidden=True)
def serve(*, worker: int | None) -> None:
    """Run the scoring server; SCORING_WORKERS says with how many processes."""
    config = load_config(os.environ)
    if worker is None and config.scoring_workers > 1:
        from scoring_server.crew.supervisor import supervise

        raise SystemExit(supervise(config))
    from scoring_server.app import serve as run

    raise SystemExit(run(config, worker))


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
    "--labels-exact",
    is_flag=True,
    help="With --labels-delay: frauds alone, to the transaction, as anomaly backtest takes them.",
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
        labels_exact=options["labels_exact"],
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
@click.argument("server", type=click.Choice(["scoring", "gateway"]))
@click.option("--timeout", "seconds", type=click.FloatRange(0.1, 60), default=2.0)
def health(server: str, *, seconds: float) -> None:
    """Ask a SERVER on this machine whether it does its work; exit with 1 when it does not.

    For the health checks of containers.
    """
    from scoring_server.health import unhealthy

    if fault := unhealthy(os.environ, server, seconds):
        raise click.ClickException(fault)


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


COMMANDS: list[click.Command] = [
    up, serve, score, replay, snapshot, health, doctor, bench, receipt, model, rules,
]  # fmt: skip
