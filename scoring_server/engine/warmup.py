"""Compiles or loads every kernel and runs the model once, so that no caller pays for it."""

import numpy as np

from scoring_server.engine.engine import Engine
from scoring_server.inference.model_slots import ModelSlots
from scoring_server.kernels.dtypes import KIND_PAYMENT, KIND_TRADE, LABEL, SIDE_BUY, TRANSACTION
from scoring_server.kernels.tell import NUMBER_COUNT_MAX, tell
from scoring_server.state.shared_table import StateCapacities, open_state


def warm(models: ModelSlots | None) -> None:
    """Run a payment, a trade and a label through an engine whose state is thrown away."""
    capacities = StateCapacities(64, 64, 64, 64, 64, 64)
    engine = Engine(open_state(None, capacities), models)
    rows = np.zeros(2, TRANSACTION)
    rows["transaction_key"] = rows["account_key"] = rows["merchant_key"] = (1, 2)
    rows["content_key"] = 1
    rows["instrument_key"] = (0, 1)
    rows["kind"] = (KIND_PAYMENT, KIND_TRADE)
    rows["side"] = (0, SIDE_BUY)
    rows["amount"] = rows["price"] = rows["quantity"] = 1.0
    rows["latitude_deg"] = rows["longitude_deg"] = rows["reporting_limit"] = np.nan
    engine.lookup(rows)
    assessment = engine.assess(rows)
    # Explaining one transaction calls this kernel from Python.
    tell(0, assessment.records[0], np.zeros(NUMBER_COUNT_MAX))
    labels = np.zeros(1, LABEL)
    labels["account_key"] = labels["merchant_key"] = 1
    labels["fraud_delta"] = 1
    engine.apply_labels(labels)
