"""What would have been enough is found, small, admissible and true when it is scored."""

import numpy as np
import pytest
from numpy.typing import NDArray

from scoring_server.engine.admissible import AMOUNT_SHARES, CHANGES, with_amounts
from scoring_server.engine.counterfactual import counterfactuals, risk_scores
from scoring_server.engine.risk import EngineSettings
from scoring_server.kernels.dtypes import FEATURES, KIND_PAYMENT, KIND_TRADE, TRANSACTION
from scoring_server.kernels.moments import amount_log, log_z

SETTINGS = EngineSettings()
KNOWN = 40.0


def transaction(kind: int = KIND_PAYMENT) -> NDArray:
    row = np.zeros(1, TRANSACTION)
    row["kind"] = kind
    return row


def features(**values: float) -> NDArray:
    """Return a payment of 1,000 by a known account, usual unless told otherwise."""
    record = np.zeros(1, FEATURES)
    usual = {
        "amount": 1_000.0,
        "account_event_count": KNOWN,
        "account_amount_ratio": 1.0,
        "account_amount_max_ratio": 1.0,
        "account_amount_min_ratio_1h": 1.0,
    }
    for name, value in (usual | values).items():
        record[name] = value
    return record


LARGE = {"account_amount_z": 9.0, "account_amount_ratio": 90.0, "peer_amount_z": 9.0}


def codes(record: NDArray) -> list[tuple[str, ...]]:
    return [each.codes for each in counterfactuals(record, transaction(), None, SETTINGS)]


def test_large_amount_would_have_been_approved_below_one_that_is_said():
    (found, *_) = counterfactuals(features(**LARGE), transaction(), None, SETTINGS)
    assert found.codes == ("LOWER_AMOUNT",)
    assert 10.0 <= found.amount_below < 1_000.0
    assert found.sentence == f"would have been approved at {found.amount_below:,.2f} or less"
    lower = with_amounts(features(**LARGE)[0], AMOUNT_SHARES)
    risks = risk_scores(lower, transaction(), None, SETTINGS)
    below = lower["amount"] <= found.amount_below * 1.0001
    assert np.all(risks[below] < SETTINGS.alert_threshold)
    assert np.any(risks[~below] >= SETTINGS.alert_threshold) or below.all()


def test_travel_and_device_are_changed_only_where_they_matter():
    record = features(
        account_new_device=1.0, distance_km=5_000.0, speed_kmh=9_000.0, account_new_country=1.0
    )
    assert codes(record)[0] == ("USUAL_PLACE",)
    assert all("LOWER_AMOUNT" not in each for each in codes(record))


def test_no_way_contains_another():
    found = codes(features(**LARGE, merchant_fraud_ratio=0.9, account_new_payee=1.0))
    assert found
    for place, each in enumerate(found):
        assert len(each) <= 3
        assert not any(set(each) >= set(other) for other in found[:place])


def test_fraud_of_the_account_is_not_for_the_payer_to_change():
    record = features(account_fraud_ratio=1.0, account_rate_surprise=30.0, device_fraud_ratio=1.0)
    settings = EngineSettings(alert_threshold=20.0, review_threshold=20.0)
    assert risk_scores(record, transaction(), None, settings)[0] > 50.0
    assert counterfactuals(record, transaction(), None, settings) == []


def test_trade_has_none():
    record = features(wash_match_count=9.0)
    assert counterfactuals(record, transaction(KIND_TRADE), None, SETTINGS) == []


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.code)
def test_change_leaves_the_past_of_the_account_alone(change):
    record = features(account_fraud_ratio=0.5, account_age_days=3.0, **LARGE)
    change.apply(record)
    assert record["account_fraud_ratio"] == 0.5
    assert record["account_age_days"] == 3.0
    assert record["account_event_count"] == KNOWN


def test_distance_of_a_lower_amount_is_that_of_the_engine():
    mean, variance, count = np.log(20.0), 0.3, 40
    z = log_z(amount_log(1_000.0), mean, variance, count)
    record = features(account_amount_z=z, account_amount_ratio=1_000.0 / 20.0)
    lower = with_amounts(record[0], np.array([0.5, 0.1, 0.02]))
    for row, amount in zip(lower, (500.0, 100.0, 20.0), strict=True):
        truth = log_z(amount_log(amount), mean, variance, count)
        # Features are float32.
        assert row["account_amount_z"] == pytest.approx(truth, abs=1e-5)
        assert row["amount"] == pytest.approx(amount)
