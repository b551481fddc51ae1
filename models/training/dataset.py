"""Features of a history as they would have been served.

The history runs through the serving engine in event order, and every label is told to the engine
when it became known, between the transactions before and after that instant. There is no second
implementation of any feature, so training and serving cannot drift apart.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from scoring_server.catalogue import FEATURE_COUNT
from scoring_server.clock import NS_PER_S, monotonic_ns
from scoring_server.engine.assessment import Assessment
from scoring_server.engine.columns import payments_from_table, trades_from_table
from scoring_server.engine.engine import Engine
from scoring_server.engine.risk import EngineSettings
from scoring_server.errors import InvalidArgumentError
from scoring_server.inference.model_slots import ModelSlots
from scoring_server.kernels.dtypes import LABEL
from scoring_server.state.shared_table import State, StateCapacities, open_state

Kind = Literal["payments", "trades"]
# Rows a call. Chosen by us: large enough that a call's fixed cost vanishes, small enough for the
# caches and for a progress bar that moves.
BLOCK_ROWS: Final = 4_096
FRAUD, LEGITIMATE, UNKNOWN = 1, 0, -1
DAY_NS: Final = 86_400 * NS_PER_S

Observer = Callable[[int, Assessment], None]


@dataclass(frozen=True, slots=True)
class History:
    """A canonical table in numbers.

    Attributes:
        transactions: TRANSACTION records in event order.
        label: FRAUD, LEGITIMATE or UNKNOWN.
        label_time_ns: when the label became known; 0 for never.
        scenario: what made it a fraud; empty for genuine ones.
        refused_count: rows of the table left out because the server would refuse them.
    """

    transactions: NDArray[Any]
    label: NDArray[np.int8]
    label_time_ns: NDArray[np.int64]
    scenario: NDArray[np.str_]
    refused_count: int = 0

    @property
    def event_time_ns(self) -> NDArray[np.int64]:
        """When each transaction happened."""
        times: NDArray[np.int64] = self.transactions["event_time_ns"]
        return times


@dataclass(frozen=True, slots=True)
class Dataset:
    """A history with the features that each of its transactions was served with.

    Attributes:
        history: the history.
        features: shape (rows, FEATURE_COUNT).
    """

    history: History
    features: NDArray[np.float32]


def table_kind(table: pa.Table) -> Kind:
    """Tell whether a canonical table holds payments or trades."""
    return "trades" if "instrument_id" in table.column_names else "payments"


def read_history(table: pa.Table, label_delay_days: float | None = None) -> History:
    """Return the history in a canonical table, in event order.

    Args:
        table: canonical table. Rows with a negative or no amount, or without a positive price or
            quantity, are left out, as the server would refuse them.
        label_delay_days: when frauds without a `label_time` become known, days after the event;
            None leaves them unknown to the engine for good.

    Raises:
        InvalidArgumentError: it is empty or not in event order.
    """
    read = trades_from_table if table_kind(table) == "trades" else payments_from_table
    row_count = table.num_rows
    table = _servable(table)
    if table.num_rows == 0:
        raise InvalidArgumentError("a history must have at least one valid transaction, has none")
    transactions = read(table)
    if np.any(np.diff(transactions["event_time_ns"]) < 0):
        raise InvalidArgumentError("a history must be in the order of event_time; sort it first")
    count = table.num_rows
    label = _integers(table, "label", UNKNOWN, count).astype(np.int8)
    label_time_ns = _integers(table, "label_time", 0, count)
    if label_delay_days is not None:
        late = (label == FRAUD) & (label_time_ns == 0)
        delay_ns = round(label_delay_days * DAY_NS)
        label_time_ns = np.where(late, transactions["event_time_ns"] + delay_ns, label_time_ns)
    return History(
        transactions=transactions,
        label=label,
        label_time_ns=label_time_ns,
        scenario=_texts(table, "scenario", count),
        refused_count=row_count - count,
    )


def replay(history: History, engine: Engine, observe: Observer) -> None:
    """Run a history through an engine.

    Args:
        history: what happened.
        engine: an engine of its own state; it learns the history.
        observe: called with the first row and the assessment of each block, in order.
    """
    transactions = history.transactions
    labels, cuts = _label_stream(history)
    start = 0
    for first, last, cut in _runs(cuts, len(transactions)):
        for block in range(start, cut, BLOCK_ROWS):
            stop = min(block + BLOCK_ROWS, cut)
            observe(block, engine.assess(transactions[block:stop]))
        start = cut
        if last > first:
            engine.apply_labels(labels[first:last])


def build_dataset(
    history: History, on_progress: Callable[[int], None] = lambda _rows: None
) -> Dataset:
    """Return the features of a history, from an engine that starts empty.

    Args:
        history: what happened.
        on_progress: called with the number of transactions done.
    """
    features = np.empty((len(history.transactions), FEATURE_COUNT), dtype=np.float32)

    def keep(first: int, assessment: Assessment) -> None:
        rows = len(assessment.features)
        features[first : first + rows] = assessment.features
        on_progress(first + rows)

    replay_in_memory(history, keep)
    return Dataset(history, features)


def replay_in_memory(
    history: History,
    observe: Observer,
    models: ModelSlots | None = None,
    settings: EngineSettings | None = None,
) -> float:
    """Replay a history through an engine that starts empty; return the seconds it took.

    Args:
        history: what happened.
        observe: called as by replay.
        models: slots whose champion takes part; None leaves the model out.
        settings: thresholds and weights; None takes the defaults.
    """
    state = open_memory_state(history)
    try:
        engine = Engine(state, models, settings)
        began_ns = monotonic_ns()
        replay(history, engine, observe)
        return (monotonic_ns() - began_ns) / NS_PER_S
    finally:
        state.close()


def open_memory_state(history: History) -> State:
    """Return an empty state in memory that has room for every entity of a history."""

    def room(*columns: str) -> int:
        keys = np.concatenate([np.unique(history.transactions[name]) for name in columns])
        # Twice the need keeps neighbourhoods far from full, so that nothing is evicted.
        return max(1_024, 2 * len(np.unique(keys)))

    capacities = StateCapacities(
        accounts=room("account_key", "counterparty_key"),
        merchants=room("merchant_key", "counterparty_key"),
        devices=room("device_key"),
        instruments=room("instrument_key"),
        replay_ids=1_024,
    )
    return open_state(None, capacities)


def _servable(table: pa.Table) -> pa.Table:
    trades = table_kind(table) == "trades"
    # A payment of 0 is a check of the account, a trade of nothing is none.
    lowest = {"price_nanos": 1, "quantity_micros": 1} if trades else {"amount_minor": 0}
    for name, least in lowest.items():
        table = table.filter(pc.greater_equal(pc.fill_null(table[name], -1), least))
    return table


def _label_stream(history: History) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return LABEL records in the order in which they became known, and the row each precedes."""
    known = np.flatnonzero((history.label != UNKNOWN) & (history.label_time_ns > 0))
    known_time_ns = history.label_time_ns[known]
    # A label counts for transactions at the same instant or later, and never for its own.
    cuts = np.searchsorted(history.event_time_ns, known_time_ns, side="left")
    cuts = np.maximum(cuts, known + 1)
    order = np.lexsort((known_time_ns, cuts))
    known = known[order]
    labels = np.zeros(len(known), dtype=LABEL)
    for name in ("transaction_key", "event_time_ns", "account_key", "merchant_key", "device_key"):
        labels[name] = history.transactions[name][known]
    labels["known_time_ns"] = known_time_ns[order]
    labels["fraud_delta"] = history.label[known] == FRAUD
    labels["legitimate_delta"] = history.label[known] == LEGITIMATE
    return labels, cuts[order]


def _runs(cuts: NDArray[np.int64], row_count: int) -> list[tuple[int, int, int]]:
    """Return first label, last label (exclusive) and row of each group of labels, then the rest.

    Labels that become known after the last transaction are left out: nothing can see them.
    """
    cuts = cuts[: np.searchsorted(cuts, row_count, side="left")]
    edges, firsts = np.unique(cuts, return_index=True)
    lasts = np.append(firsts, len(cuts))[1:]
    groups = zip(firsts.tolist(), lasts.tolist(), edges.tolist(), strict=True)
    return [*groups, (len(cuts), len(cuts), row_count)]


def _integers(table: pa.Table, name: str, absent: int, count: int) -> NDArray[np.int64]:
    if name not in table.column_names:
        return np.full(count, absent, dtype=np.int64)
    column = table[name].cast(pa.int64()) if name == "label" else table[name]
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("ns", tz="UTC")).cast(pa.int64())
    filled: NDArray[np.int64] = pc.fill_null(column, absent).to_numpy()
    return filled


def _texts(table: pa.Table, name: str, count: int) -> NDArray[np.str_]:
    if name not in table.column_names:
        return np.full(count, "", dtype=np.str_)
    texts = pc.fill_null(table[name].cast(pa.string()), "").to_numpy(zero_copy_only=False)
    scenarios: NDArray[np.str_] = texts.astype(np.str_)
    return scenarios
