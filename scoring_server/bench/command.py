"""`anomaly bench`: run what was asked for and print it with the machine it ran on."""

import json
import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from scoring_server.bench import measure
from scoring_server.bench.servers import choose_cores, echo_server, scoring_server
from scoring_server.bench.unary import OFFERED_PCT, unary
from scoring_server.bench.workers import workers
from scoring_server.config import load_config
from scoring_server.inference.model_slots import open_models

CLIENT = "prebuilt HTTP/2 frames (scoring_server/bench/http2_load.py); batches through grpcio"

# Length of a run with workers, full and quick.
_WORKER_S = (2.0, 0.2)


def run_bench(what: str, *, quick: bool, machine_readable: bool) -> int:
    """Measure and print; return the exit code.

    Args:
        what: unary, batch (with ScoreStream), engine, workers (engines on one state) or all.
        quick: short rounds.
        machine_readable: print one JSON object on the last line.
    """
    effort = measure.QUICK if quick else measure.FULL
    figures: dict[str, Any] = {"machine": machine(), "client": CLIENT, "quick": quick}
    if what in {"engine", "all"}:
        _tell("engine", machine_readable)
        config = load_config(os.environ)
        models = open_models(config.model_dir, config.model_name, config.model_version)
        figures["engine"] = measure.engine(models, effort)
    if what in {"workers", "all"}:
        _tell("workers", machine_readable)
        figures["workers"] = workers(_WORKER_S[quick])
    if what in {"unary", "batch", "all"}:
        cores = choose_cores()
        with echo_server(cores) as echo, scoring_server(cores) as real:
            servers = {"echo": echo, "scoring_server": real}
            if what in {"unary", "all"}:
                _tell("unary", machine_readable)
                figures["unary"] = unary(servers, effort)
            if what in {"batch", "all"}:
                _tell("batch", machine_readable)
                with scoring_server(cores, with_model=False) as bare:
                    several = {**servers, "without_model": bare}
                    figures["batch"] = measure.batch(several, effort)
                    several.pop("echo")
                    figures["stream"] = measure.stream(several, effort)
    figures |= headline(figures)
    if machine_readable:
        click.echo(json.dumps(figures))
    else:
        _print(Console(), figures)
    return 0


def headline(figures: dict[str, Any]) -> dict[str, float]:
    """Return the figures that speed is followed by, of what was measured; see performance.md."""
    found: dict[str, float] = {}
    if "engine" in figures:
        single, large = figures["engine"]["blocks_of_1"], figures["engine"]["blocks_of_1024"]
        alone_ns = single["ns_per_transaction_without_model"]["median"]
        found["engine_us_per_call"] = round(alone_ns / 1e3, 3)
        block_ns = large["ns_per_transaction_without_model"]["median"]
        found["engine_tps_without_model"] = round(1e9 / block_ns)
    if "unary" in figures:
        found |= _unary_ratios(figures["unary"])
    if "workers" in figures:
        found["two_workers_ratio"] = figures["workers"]["two_workers"]["ratio_to_one"]["median"]
    for what in ("batch", "stream"):
        for server, variant in (("scoring_server", "with"), ("without_model", "without")):
            if what in figures:
                rate = figures[what][server]["transactions_per_s"]["median"]
                found[f"{what}_tps_{variant}_model"] = round(rate)
    return found


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        processor = names[0].partition(":")[2].strip() if names else processor
    return {
        "processor": processor,
        "cores": len(os.sched_getaffinity(0)),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in ("grpcio", "numba", "numpy", "onnxruntime")},
    }


def _unary_ratios(figures: dict[str, Any]) -> dict[str, float]:
    """Return scoring server to echo server: calls at most, processor time and waiting times."""
    real, echo = figures["scoring_server"], figures["echo"]

    def ratio(load: str, *path: str) -> float:
        mine, theirs = real[load], echo[load]
        for name in path:
            mine, theirs = mine[name], theirs[name]
        return round(float(mine["median"]) / float(theirs["median"]), 3)

    found = {
        "unary_throughput_ratio": ratio("saturated", "requests_per_s"),
        "unary_throughput_ratio_32_in_flight": ratio("loaded", "requests_per_s"),
        "unary_cpu_ratio": ratio("saturated", "cpu_us"),
        "unary_p99_ratio_half_load": ratio("offered_50_pct", "latency_us", "p99"),
    }
    for percent in OFFERED_PCT:
        for name in ("p50", "p99", "p99.9"):
            key = f"unary_{name}_ratio_{percent}_pct"
            found[key] = ratio(f"offered_{percent}_pct", "latency_us", name)
    return found


def _tell(what: str, machine_readable: bool) -> None:
    if not machine_readable:
        click.echo(f"measuring {what} ...", err=True)


def _print(console: Console, figures: dict[str, Any]) -> None:
    machine_text = ", ".join(f"{name} {value}" for name, value in figures["machine"].items())
    console.print(f"Machine: {machine_text}\nClient: {figures['client']}")
    for what in ("unary", "batch", "stream", "engine", "workers"):
        if what not in figures:
            continue
        table = Table(title=what, title_justify="left")
        for title in ("figure", "median", "min", "max"):
            table.add_column(title, justify="left" if title == "figure" else "right")
        for path, values in _leaves(figures[what], ()):
            table.add_row(path, *(f"{values[each]:,.1f}" for each in ("median", "min", "max")))
        console.print(table)
    for name, value in headline(figures).items():
        console.print(f"{name} {value:,g}")


def _leaves(figures: dict[str, Any], path: tuple[str, ...]) -> list[tuple[str, dict[str, float]]]:
    """Return all measurements below a figure with the path that leads to each."""
    if "median" in figures:
        return [(" ".join(path), figures)]
    return [
        leaf
        for name, value in figures.items()
        if isinstance(value, dict)
        for leaf in _leaves(value, (*path, name))
    ]
