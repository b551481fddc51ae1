import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring_server.catalogue import FEATURE_INDEX
from scoring_server.engine import explain
from scoring_server.engine.engine import Engine
from scoring_server.engine.risk import EngineSettings
from scoring_server.inference.model_slots import ModelSlots
from scoring_server.kernels.combine import recentred
from scoring_server.kernels.dtypes import KIND_TRADE
from scoring_server.state.shared_table import StateCapacities, open_state
from tests.oracles import naive, streams

SMALL = StateCapacities(64, 64, 64, 64, 64, 1_000)


def engine(models=None, settings=None):
    return Engine(open_state(None, SMALL), models, settings)


def table_bytes(subject):
    """Everything the state holds but the lock words' owners, which are all free."""
    return [table.tobytes() for table in subject.state.tables]


@given(st.lists(st.integers(1, 60), min_size=1, max_size=12))
@settings(max_examples=15)
def test_any_cutting_into_blocks_gives_the_same_answers_and_state(sizes):
    rows = streams.transactions(sum(sizes))
    whole, parts = engine(), engine()
    expected = whole.assess(rows)
    position = 0
    for size in sizes:
        got = parts.assess(rows[position : position + size])
        for name in ("features", "risk_score", "decision", "reason_index", "sequences"):
            np.testing.assert_array_equal(
                getattr(got, name), getattr(expected, name)[position : position + size], name
            )
        position += size
    assert table_bytes(whole) == table_bytes(parts)


def test_every_output_is_finite_and_in_range():
    result = engine().assess(streams.transactions(5_000, seed=3))
    assert np.isfinite(result.features).all()
    assert ((result.risk_score >= 0) & (result.risk_score <= 100)).all()
    for scores in (result.statistical, result.behavioral):
        assert ((scores >= 0) & (scores < 1)).all()
    assert set(np.unique(result.severity)) <= {1, 2, 3, 4, 5}
    assert set(np.unique(result.decision)) <= {1, 2, 3}
    assert result.sequences.tolist() == list(range(1, 5_001))


def test_every_reason_can_be_told():
    result = engine(settings=EngineSettings()).assess(streams.transactions(5_000, seed=4))
    told = set()
    for row in range(5_000):
        reasons = explain.reasons(result, row)
        assert sum(reason.contribution for reason in reasons) <= 1 + 1e-9
        shares = [reason.contribution for reason in reasons]
        assert shares == sorted(shares, reverse=True)
        for reason in reasons:
            told.add(reason.code)
            assert reason.sentence.endswith(".")
            assert np.isfinite([reason.value, reason.baseline]).all()
    assert {"ACCOUNT_AMOUNT", "NEW_DEVICE", "IMPOSSIBLE_TRAVEL"} <= told


def test_risk_is_the_noisy_or_of_weighted_scores():
    result = engine().assess(streams.transactions(500))
    for row in range(500):
        parts = [0.9 * result.statistical[row], 0.9 * result.behavioral[row]]
        assert result.risk_score[row] == pytest.approx(100 * naive.noisy_or(parts))


def test_features_are_read_before_the_transaction_counts():
    subject = engine()
    rows = streams.transactions(3)
    rows["kind"] = 0
    rows["account_key"] = rows["account_key"][0]
    rows["event_time_ns"] = streams.START_NS + np.arange(3)
    counts = subject.assess(rows).features[:, FEATURE_INDEX["account_tx_count_1m"]]
    assert counts.tolist() == [0.0, 1.0, 2.0]


def test_a_fraud_label_raises_the_next_payment_at_the_same_payee():
    rows = streams.transactions(400)
    rows = rows[rows["merchant_key"] != 0]
    target = rows[-1]
    again = target.copy().reshape(1)
    plain, told = engine(), engine()
    for subject in (plain, told):
        subject.assess(rows)
    told.apply_labels(streams.label_of(target))
    again["transaction_key"] += np.uint64(1)
    again["event_time_ns"] += 2 * 86_400 * 10**9
    before, after = plain.assess(again), told.assess(again)
    column = FEATURE_INDEX["merchant_fraud_ratio"]
    assert before.features[0, column] == 0.0
    assert after.features[0, column] > 0.0
    assert after.risk_score[0] > before.risk_score[0]
    assert "MERCHANT_FRAUD" in {reason.code for reason in explain.reasons(after, 0)}


def test_a_withdrawn_label_leaves_no_trace_in_the_risk():
    rows = streams.transactions(50)
    subject = engine()
    subject.assess(rows)
    subject.apply_labels(streams.label_of(rows[3]))
    subject.apply_labels(streams.label_of(rows[3], fraud=-1))
    assert not any(subject.state.tables[i]["fraud_weight"].any() for i in (1, 2, 3))


def test_a_missing_model_is_named_and_never_a_silent_zero():
    result = engine(models=ModelSlots(fault="gone")).assess(streams.transactions(2))
    assert result.degraded_reasons == ("MODEL_MISSING",)
    assert np.isnan(result.ml).all()
    assert result.model is None


def test_wash_trades_of_one_owner_are_told():
    rows = streams.transactions(40)
    rows["kind"] = KIND_TRADE
    rows["instrument_key"] = 77
    rows["price"], rows["quantity"] = 50.0, 100.0
    rows["event_time_ns"] = streams.START_NS + np.arange(40) * 10**9
    rows["owner_key"] = np.arange(1, 41)
    rows["owner_key"][-2:] = 999
    rows["side"][-2:] = [1, 2]
    result = engine().assess(rows)
    codes = {reason.code for reason in explain.reasons(result, 39)}
    assert "WASH_TRADE" in codes
    assert "WASH_TRADE" not in {reason.code for reason in explain.reasons(result, 20)}


def test_alert_ids_are_derived_and_differ():
    assert explain.alert_id("tx-1") == explain.alert_id("tx-1")
    assert explain.alert_id("tx-1") != explain.alert_id("tx-2")
    assert len(explain.alert_id("tx-1")) == 20


@given(st.floats(1e-4, 1 - 1e-4), st.floats(1e-4, 1 - 1e-4), st.floats(1e-4, 1 - 1e-4))
def test_recentred_scores_keep_their_order_and_are_one_half_at_the_threshold(a, b, threshold):
    low, high = sorted((a, b))
    assert recentred(threshold, threshold) == pytest.approx(0.5)
    assert 0 <= recentred(low, threshold) <= recentred(high, threshold) <= 1


def test_a_payment_of_nothing_is_scored_like_any_other():
    rows = streams.transactions(60)
    rows["amount"][::3] = 0.0
    result = engine().assess(rows)
    assert np.isfinite(result.features).all()
    assert np.isfinite(result.risk_score).all()


def test_a_fortune_from_an_unknown_account_is_reviewed_from_the_first_transaction():
    rows = streams.transactions(1)
    rows["kind"] = 0
    rows["amount"] = 9_950_000.0
    rows["reporting_limit"] = 10_000.0
    subject = engine()
    result = subject.assess(rows)
    assert result.risk_score[0] >= 50
    assert explain.reasons(result, 0)[0].code == "LARGE_FIRST_AMOUNT"
    rows["amount"] = 9_000.0
    rows["transaction_key"] += np.uint64(1)
    rows["account_key"] += np.uint64(1)
    assert subject.assess(rows).risk_score[0] < 20
