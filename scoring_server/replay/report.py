"""The closing table of a replay, for people and as one JSON line."""

import json
import math
from typing import Any

from anomaly.v1 import scoring_service_pb2
from rich.console import Console, Group
from rich.table import Table

from scoring_server.replay.tally import Tally

_DECISIONS = scoring_service_pb2.Decision
_SEVERITIES = scoring_service_pb2.Severity


def report(tally: Tally, seconds: float) -> dict[str, Any]:
    """Return the figures of a replay; what is not a number is None."""
    return {
        "transactions": tally.scored_count + tally.refused.total(),
        "scored": tally.scored_count,
        "replayed": tally.replayed_count,
        "refused": dict(tally.refused),
        "first_refusal": tally.first_refusal,
        "alerts": tally.alert_count,
        "decisions": _counts(tally, "decisions", _DECISIONS, "DECISION_"),
        "severities": _counts(tally, "severities", _SEVERITIES, "SEVERITY_"),
        "degraded": dict(tally.degraded),
        "labels_reported": tally.labels_reported,
        "last_sequence": tally.last_sequence,
        "seconds": round(seconds, 3),
        "transactions_per_s": round(tally.scored_count / seconds, 1) if seconds > 0 else None,
        "call_latency_ms": {name: round(value, 3) for name, value in tally.latency_ms().items()},
        "metrics": _finite(tally.metrics()),
    }


def as_json(figures: dict[str, Any]) -> str:
    """Return the figures as one line."""
    return json.dumps(figures, allow_nan=False)


def print_report(console: Console, figures: dict[str, Any]) -> None:
    """Print the figures as a table."""
    table = Table(title="Replay", show_header=False, title_justify="left")
    table.add_column(style="bold")
    table.add_column(justify="right")
    scored = figures["scored"]
    table.add_row("scored", f"{scored:,}")
    table.add_row("  of these replayed", f"{figures['replayed']:,}")
    for code, count in figures["refused"].items():
        table.add_row(f"refused {code}", f"{count:,}")
    table.add_row("alerts", f"{figures['alerts']:,}")
    for code, count in figures["degraded"].items():
        table.add_row(f"degraded {code}", f"{count:,}")
    table.add_row("labels reported", f"{figures['labels_reported']:,}")
    table.add_section()
    for kind, title in (("decisions", "decision"), ("severities", "severity")):
        for name, count in figures[kind].items():
            share = f"{count / scored:7.2%}" if scored else ""
            table.add_row(f"{title} {name}", f"{count:,} {share}")
        table.add_section()
    for name, value in figures["call_latency_ms"].items():
        table.add_row(f"call latency {name}", f"{value:.2f} ms")
    table.add_row("time", f"{figures['seconds']:,.1f} s")
    rate = figures["transactions_per_s"]
    table.add_row("transactions/s", "" if rate is None else f"{rate:,.0f}")
    if figures["metrics"] is not None:
        table.add_section()
        for name, value in figures["metrics"].items():
            table.add_row(
                name.replace("_", " "), "one class only" if value is None else f"{value:.3f}"
            )
    parts: list[Any] = [table]
    if figures["first_refusal"]:
        parts.append(f"First refusal: {figures['first_refusal']}")
    console.print(Group(*parts))


def _counts(tally: Tally, attribute: str, enum: Any, prefix: str) -> dict[str, int]:
    values = getattr(tally, attribute)
    return {
        name.removeprefix(prefix): int((values == number).sum())
        for name, number in enum.items()
        if number > 0
    }


def _finite(metrics: dict[str, float] | None) -> dict[str, float | None] | None:
    if metrics is None:
        return None
    return {name: None if math.isnan(value) else round(value, 6) for name, value in metrics.items()}
