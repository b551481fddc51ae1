"""Features of a history are those that were served, and no label counts before it was known."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from models.simulation.payments import simulate_payments
from models.simulation.trades import simulate_trades
from models.training.dataset import (
    BLOCK_ROWS,
    build_dataset,
    open_memory_state,
    read_history,
    replay,
)
from scoring_server.catalogue import FEATURE_COUNT, FEATURE_INDEX
from scoring_server.engine.engine import Engine
from scoring_server.errors import InvalidArgumentError
from scoring_server.kernels.dtypes import LABEL

START = datetime(2025, 3, 3, 12, tzinfo=UTC)
RATIO = FEATURE_INDEX["merchant_fraud_ratio"]
RECENCY = FEATURE_INDEX["merchant_fraud_recency"]


def table(hours: list[float], **columns: Any) -> pa.Table:
    """Return payments of one account at one terminal, so many hours after START."""
    count = len(hours)
    times = [START + timedelta(hours=hour) for hour in hours]
    return pa.table(
        {
            "transaction_id": [f"x{number}" for number in range(count)],
            "event_time": pa.array(times, pa.timestamp("ns", tz="UTC")),
            "account_id": ["a"] * count,
            "terminal_id": ["t"] * count,
            "amount_minor": pa.array([1_000] * count, pa.int64()),
            "currency": ["EUR"] * count,
        }
        | columns
    )


def labelled(hours: list[float], label: list[int | None], known: list[float | None]) -> pa.Table:
    times = [None if hour is None else START + timedelta(hours=hour) for hour in known]
    return table(
        hours,
        label=pa.array(label, pa.int8()),
        label_time=pa.array(times, pa.timestamp("ns", tz="UTC")),
    )


def merchant_risk(payments: pa.Table) -> list[bool]:
    features = build_dataset(read_history(payments)).features
    np.testing.assert_array_equal(features[:, RATIO] > 0, features[:, RECENCY] > 0)
    return (features[:, RATIO] > 0).tolist()


def test_label_counts_from_its_time_on_and_not_before() -> None:
    hours = [0.0, 1.0, 2.0, 3.0, 4.0]
    risk = merchant_risk(labelled(hours, [1, 0, 0, 0, 0], [2.5, None, None, None, None]))
    assert risk == [False, False, False, True, True]


def test_label_known_at_the_instant_of_a_transaction_counts_for_it() -> None:
    risk = merchant_risk(labelled([0.0, 1.0, 2.0], [1, 0, 0], [1.0, None, None]))
    assert risk == [False, True, True]


def test_label_known_a_nanosecond_after_a_transaction_does_not_count_for_it() -> None:
    payments = labelled([0.0, 1.0, 2.0], [1, 0, 0], [1.0, None, None])
    times = payments["label_time"].cast(pa.int64()).to_pylist()
    later = pa.array([times[0] + 1, None, None]).cast(pa.timestamp("ns", tz="UTC"))
    payments = payments.set_column(payments.column_names.index("label_time"), "label_time", later)
    assert merchant_risk(payments) == [False, False, True]


def test_label_never_counts_for_its_own_transaction() -> None:
    # A file may claim that a fraud was known before it happened.
    risk = merchant_risk(labelled([0.0, 1.0, 2.0], [0, 1, 0], [None, 0.0, None]))
    assert risk == [False, False, True]


def test_label_without_a_time_never_reaches_the_engine() -> None:
    assert merchant_risk(labelled([0.0, 1.0], [1, 0], [None, None])) == [False, False]


def test_label_known_after_the_end_changes_nothing() -> None:
    assert merchant_risk(labelled([0.0, 1.0], [1, 0], [99.0, None])) == [False, False]


def test_unknown_label_changes_nothing() -> None:
    assert merchant_risk(labelled([0.0, 1.0], [None, 0], [0.5, None])) == [False, False]


def test_label_delay_is_given_to_frauds_without_a_time_only() -> None:
    payments = labelled([0.0, 1.0, 2.0], [1, 0, 1], [None, None, 5.0])
    history = read_history(payments, label_delay_days=0.5)
    delays_h = (history.label_time_ns - history.event_time_ns)[[0, 2]] / 3.6e12
    assert delays_h.tolist() == [12.0, 3.0]
    assert history.label_time_ns[1] == 0


def test_genuine_label_lowers_the_ratio() -> None:
    hours = [0.0, 1.0, 2.0]
    with_fraud = labelled(hours, [1, None, None], [1.5, None, None])
    cleared = labelled(hours, [1, 0, None], [1.5, 1.6, None])
    ratios = [
        build_dataset(read_history(each)).features[2, RATIO] for each in (with_fraud, cleared)
    ]
    assert 0 < ratios[1] < ratios[0]


@pytest.mark.parametrize("simulate", [simulate_payments, simulate_trades])
def test_features_equal_those_of_one_transaction_at_a_time(simulate: Any) -> None:
    history = read_history(simulate(1_500, 5, 30))
    by_block = build_dataset(history).features
    engine = Engine(open_memory_state(history), None)
    waiting = sorted(
        (int(when), row)
        for row, when in enumerate(history.label_time_ns)
        if when and history.label[row] >= 0
    )
    for row in range(len(by_block)):
        one = history.transactions[row : row + 1]
        while waiting and waiting[0][0] <= one["event_time_ns"][0]:
            when, labelled_row = waiting.pop(0)
            label = np.zeros(1, LABEL)
            for name in ("event_time_ns", "account_key", "merchant_key", "device_key"):
                label[name] = history.transactions[name][labelled_row]
            label["known_time_ns"] = when
            label["fraud_delta"] = history.label[labelled_row] == 1
            label["legitimate_delta"] = history.label[labelled_row] == 0
            engine.apply_labels(label)
        np.testing.assert_array_equal(engine.assess(one).features[0], by_block[row])


def test_blocks_cover_every_row_once_in_order() -> None:
    history = read_history(simulate_payments(2 * BLOCK_ROWS + 10, 1, 30))
    seen: list[int] = []
    engine = Engine(open_memory_state(history), None)
    replay(history, engine, lambda first, a: seen.extend(range(first, first + len(a.ml))))
    assert seen == list(range(2 * BLOCK_ROWS + 10))


def test_features_are_finite_and_complete() -> None:
    dataset = build_dataset(read_history(simulate_trades(3_000, 2, 30)))
    assert dataset.features.shape == (3_000, FEATURE_COUNT)
    assert np.isfinite(dataset.features).all()


def test_rows_that_the_server_would_refuse_are_left_out_and_counted() -> None:
    amounts = pa.array([100, -1, None, 0], pa.int64())
    history = read_history(table([0.0, 1.0, 2.0, 3.0], amount_minor=amounts))
    assert len(history.transactions) == 2
    assert history.refused_count == 2


def test_history_out_of_order_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="order of event_time"):
        read_history(table([1.0, 0.0]))


def test_empty_history_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="at least one valid transaction"):
        read_history(table([]))


def test_table_without_labels_has_unknown_ones() -> None:
    history = read_history(table([0.0, 1.0]))
    assert history.label.tolist() == [-1, -1]
    assert history.scenario.tolist() == ["", ""]
