"""What is measured, one function each; rounds of both servers alternate in one run."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import grpc
import numpy as np
import pyarrow as pa
from anomaly.v1 import scoring_service_pb2
from numpy.typing import NDArray

from scoring_server import clock
from scoring_server.bench.corpus import Corpus
from scoring_server.bench.servers import Server
from scoring_server.engine.columns import payments_from_table
from scoring_server.engine.engine import Engine
from scoring_server.engine.risk import EngineSettings
from scoring_server.inference.model_slots import ModelSlots
from scoring_server.state.shared_table import StateCapacities, open_state

SCORE: Final = "/anomaly.v1.ScoringService/Score"
SCORE_BATCH: Final = "/anomaly.v1.ScoringService/ScoreBatch"
SCORE_STREAM: Final = "/anomaly.v1.ScoringService/ScoreStream"
ENGINE_BLOCK_SIZES: Final = (1, 64, 1024)
_CALL_SECONDS_MAX: Final = 60.0


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured.

    Attributes:
        rounds: rounds of each server; the first is a warm-up and does not count.
        calls: unary calls a round.
        open_s: seconds of a round at a given rate.
        batches: batch calls a round.
        batch_size: transactions a batch.
        engine_rows: transactions a round of the engine alone.
    """

    rounds: int
    calls: int
    open_s: float
    batches: int
    batch_size: int
    engine_rows: int


FULL: Final = Effort(
    rounds=8, calls=10_000, open_s=2.0, batches=40, batch_size=1024, engine_rows=200_000
)
QUICK: Final = Effort(rounds=2, calls=500, open_s=0.1, batches=3, batch_size=256, engine_rows=5_000)


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return the median and the extremes of repeated measurements."""
    return {
        "median": round(statistics.median(values), 3),
        "min": round(min(values), 3),
        "max": round(max(values), 3),
    }


def batch(servers: dict[str, Server], effort: Effort) -> dict[str, Any]:
    """Measure ScoreBatch with prebuilt messages, one call at a time."""

    def timed(channel: grpc.Channel, messages: Sequence[bytes]) -> float:
        return _time_calls(channel.unary_unary(SCORE_BATCH, None, None), messages)

    return _bulk(servers, effort, timed, "batch")


def stream(servers: dict[str, Server], effort: Effort) -> dict[str, Any]:
    """Measure ScoreStream with the same messages, all on one stream."""

    def timed(channel: grpc.Channel, messages: Sequence[bytes]) -> float:
        call = channel.stream_stream(SCORE_STREAM, None, None)
        began_ns = clock.monotonic_ns()
        answers = sum(1 for _ in call(iter(messages), timeout=_CALL_SECONDS_MAX))
        assert answers == len(messages)
        return (clock.monotonic_ns() - began_ns) / clock.NS_PER_S

    return _bulk(servers, effort, timed, "stream")


def _bulk(
    servers: dict[str, Server],
    effort: Effort,
    timed: Callable[[grpc.Channel, Sequence[bytes]], float],
    label: str,
) -> dict[str, Any]:
    rates: dict[str, list[float]] = {name: [] for name in servers}
    corpora = {name: Corpus(f"{label}-{name}") for name in servers}
    channels = {
        name: grpc.insecure_channel(
            "{}:{}".format(*server.address), [("grpc.max_receive_message_length", 64 << 20)]
        )
        for name, server in servers.items()
    }
    try:
        for round_number in range(effort.rounds):
            for name, channel in channels.items():
                messages = [
                    scoring_service_pb2.ScoreBatchRequest(
                        transactions=corpora[name].take(effort.batch_size)
                    ).SerializeToString()
                    for _ in range(effort.batches)
                ]
                seconds = timed(channel, messages)
                if round_number > 0:
                    rates[name].append(effort.batches * effort.batch_size / seconds)
    finally:
        for channel in channels.values():
            channel.close()
    return {
        name: {"batch_size": effort.batch_size, "transactions_per_s": spread(rates[name])}
        for name in servers
    }


def _time_calls(call: Callable[..., bytes], messages: Sequence[bytes]) -> float:
    began_ns = clock.monotonic_ns()
    for message in messages:
        call(message, timeout=_CALL_SECONDS_MAX)
    return (clock.monotonic_ns() - began_ns) / clock.NS_PER_S


def engine(models: ModelSlots | None, effort: Effort) -> dict[str, Any]:
    """Measure the engine in this process: state, features, detectors, model, risk and reasons."""
    rows = _rows(effort.engine_rows)
    figures: dict[str, Any] = {}
    with_model = models is not None and models.champion is not None
    for block_size in ENGINE_BLOCK_SIZES:
        count = max(block_size, min(rows.size, 20_000) if block_size == 1 else rows.size)
        variants = {"without_model": False, **({"with_model": True} if with_model else {})}
        times: dict[str, list[float]] = {name: [] for name in variants}
        for round_number in range(effort.rounds):
            for name, use_model in variants.items():
                nanoseconds = _time_engine(rows[:count], block_size, models, use_model=use_model)
                if round_number > 0:
                    times[name].append(nanoseconds)
        figures[f"blocks_of_{block_size}"] = {
            f"ns_per_transaction_{name}": spread(times[name]) for name in variants
        }
    return figures


def _time_engine(
    rows: NDArray[np.void], block_size: int, models: ModelSlots | None, *, use_model: bool
) -> float:
    """Return nanoseconds a transaction over all rows, on a state that starts empty."""
    capacities = StateCapacities(
        accounts=100_000, merchants=50_000, devices=100_000, instruments=1_000
    )
    state = open_state(None, capacities)
    try:
        measured = Engine(state, models, EngineSettings())
        measured.assess(rows[:block_size], with_model=use_model)
        began_ns = clock.monotonic_ns()
        for start in range(block_size, rows.size - block_size + 1, block_size):
            measured.assess(rows[start : start + block_size], with_model=use_model)
        elapsed_ns = clock.monotonic_ns() - began_ns
    finally:
        state.close()
    return elapsed_ns / max(1, (rows.size // block_size - 1) * block_size)


def _rows(count: int) -> NDArray[np.void]:
    transactions = Corpus("engine").take(count)
    table = pa.table(
        {
            "transaction_id": [each.transaction_id for each in transactions],
            "event_time": pa.array(
                [each.event_time.ToNanoseconds() for each in transactions], pa.int64()
            ).cast(pa.timestamp("ns", tz="UTC")),
            **{
                name: [getattr(each.payment, name) for each in transactions]
                for name in ("account_id", "merchant_id", "terminal_id", "device_id", "currency")
            },
            "amount_minor": pa.array([each.payment.amount_minor for each in transactions]),
        }
    )
    rows: NDArray[np.void] = payments_from_table(table)
    return rows
