"""Fitting respects time: what came later, or became known later, cannot help."""

from dataclasses import replace

import numpy as np
import pytest

from models.training.dataset import Dataset
from models.training.features import DEFAULT_FEATURES, features_for
from models.training.train import (
    FIT_END,
    STOPPING_END,
    TEST_START,
    WARM_UP_END,
    Fitted,
    Recipe,
    fit,
    judge,
    scores_of,
)
from scoring_server.catalogue import FEATURE_INDEX, PAYMENT_FEATURE_NAMES, TRADE_FEATURE_NAMES
from scoring_server.errors import InvalidArgumentError


def ratio_of_time(dataset: Dataset) -> np.ndarray:
    times = dataset.history.event_time_ns
    return (times - times[0]) / (times[-1] - times[0])


def scores(fitted: Fitted) -> np.ndarray:
    return scores_of(fitted.classifier, fitted.test_inputs)


def with_changed(dataset: Dataset, rows: np.ndarray, **history: np.ndarray) -> Dataset:
    """Return the dataset with the features of some rows wiped out, and fields replaced."""
    features = dataset.features.copy()
    features[rows] = 0.0
    return replace(dataset, features=features, history=replace(dataset.history, **history))


def test_model_learns_to_rank(fitted: Fitted) -> None:
    for stream in ("payments", "cards", "trades"):
        assert fitted.metrics[f"{stream}.auc_roc"] > 0.8
        assert fitted.metrics[f"{stream}.average_precision"] > 0.1


def test_same_data_gives_the_same_model(
    streams: dict[str, Dataset], fitted: Fitted, small_recipe: Recipe
) -> None:
    again = fit(streams, small_recipe)
    np.testing.assert_array_equal(scores(again), scores(fitted))
    assert again.threshold == fitted.threshold
    assert again.metrics == fitted.metrics


def test_nothing_of_the_test_part_reaches_the_model(
    streams: dict[str, Dataset], fitted: Fitted, small_recipe: Recipe
) -> None:
    changed = {}
    for name, dataset in streams.items():
        late = ratio_of_time(dataset) >= STOPPING_END
        labels = np.where(late, 0, dataset.history.label).astype(np.int8)
        changed[name] = with_changed(dataset, np.flatnonzero(late), label=labels)
    blind = fit(changed, small_recipe)
    truth = scores_of(fitted.classifier, fitted.test_inputs)
    np.testing.assert_array_equal(scores_of(blind.classifier, fitted.test_inputs), truth)


def test_early_stopping_sees_its_own_part_only(streams: dict[str, Dataset]) -> None:
    recipe = Recipe(tree_count=150, leaf_count=8, learning_rate=0.5, patience=3)
    changed, blurred = {}, {}
    for name, dataset in streams.items():
        ratio = ratio_of_time(dataset)
        late = ratio >= STOPPING_END
        labels = np.where(late, 0, dataset.history.label).astype(np.int8)
        changed[name] = with_changed(dataset, np.flatnonzero(late), label=labels)
        stopping = np.flatnonzero((ratio >= FIT_END) & ~late)
        blurred[name] = with_changed(dataset, stopping)
    counts = [fit(each, recipe).classifier.n_iter_ for each in (streams, changed, blurred)]
    assert counts[0] < 150
    assert counts[1] == counts[0]
    assert counts[2] != counts[0]


def test_warm_up_does_not_reach_the_model(
    streams: dict[str, Dataset], fitted: Fitted, small_recipe: Recipe
) -> None:
    changed = {
        name: with_changed(dataset, np.flatnonzero(ratio_of_time(dataset) < WARM_UP_END))
        for name, dataset in streams.items()
    }
    np.testing.assert_array_equal(scores(fit(changed, small_recipe)), scores(fitted))


def test_fraud_that_is_not_known_at_fitting_time_counts_as_genuine(
    streams: dict[str, Dataset], fitted: Fitted, small_recipe: Recipe
) -> None:
    late, genuine = {}, {}
    for name, dataset in streams.items():
        history = dataset.history
        frauds = np.flatnonzero(history.label == 1)[::2]
        times, labels = history.label_time_ns.copy(), history.label.copy()
        start_ns, end_ns = history.event_time_ns[[0, -1]]
        times[frauds] = start_ns + round(TEST_START * (end_ns - start_ns)) + 1
        labels[frauds] = 0
        late[name] = replace(dataset, history=replace(history, label_time_ns=times))
        genuine[name] = replace(dataset, history=replace(history, label=labels))
    learned = fit(late, small_recipe)
    np.testing.assert_array_equal(scores(learned), scores(fit(genuine, small_recipe)))
    assert not np.array_equal(scores(learned), scores(fitted))


def test_fraud_known_by_then_does_reach_the_model(
    streams: dict[str, Dataset], fitted: Fitted, small_recipe: Recipe
) -> None:
    changed = {}
    for name, dataset in streams.items():
        early = ratio_of_time(dataset) < FIT_END * 0.8
        labels = np.where(early, 0, dataset.history.label).astype(np.int8)
        changed[name] = replace(dataset, history=replace(dataset.history, label=labels))
    assert not np.array_equal(scores(fit(changed, small_recipe)), scores(fitted))


def test_counts_and_times_are_those_of_the_fitted_part(
    streams: dict[str, Dataset], fitted: Fitted
) -> None:
    rows = 0
    for dataset in streams.values():
        ratio = ratio_of_time(dataset)
        rows += int(np.count_nonzero((ratio >= WARM_UP_END) & (ratio < FIT_END)))
    assert fitted.row_count == rows
    assert 20 <= fitted.fraud_count < rows / 20
    assert fitted.start_time_ns < fitted.end_time_ns
    latest = max(int(d.history.event_time_ns[-1]) for d in streams.values())
    assert fitted.end_time_ns < latest


def test_threshold_keeps_the_alert_budget(fitted: Fitted, small_recipe: Recipe) -> None:
    share = np.mean(scores(fitted) >= fitted.threshold)
    assert share == pytest.approx(small_recipe.alert_budget_ratio, abs=0.01)


def test_smaller_budget_gives_a_higher_threshold(
    streams: dict[str, Dataset], fitted: Fitted, small_recipe: Recipe
) -> None:
    strict = fit(streams, replace(small_recipe, alert_budget_ratio=0.001))
    assert strict.threshold > fitted.threshold


def test_score_never_falls_with_a_rising_feature(fitted: Fitted) -> None:
    rows = fitted.test_inputs[::200]
    for column, (name, way) in enumerate(DEFAULT_FEATURES.items()):
        if way:
            raised = rows.copy()
            raised[:, column] += np.float32(1.0)
            change = scores_of(fitted.classifier, raised) - scores_of(fitted.classifier, rows)
            # The trees are monotonic; only the rounding of their sum may show.
            assert change.min() >= -1e-9, name


def test_too_few_frauds_are_refused(streams: dict[str, Dataset], small_recipe: Recipe) -> None:
    dataset = streams["payments"]
    none = replace(dataset.history, label=np.zeros_like(dataset.history.label))
    with pytest.raises(InvalidArgumentError, match=r"at least 20 known frauds.*has 0 frauds"):
        fit({"payments": replace(dataset, history=none)}, small_recipe)


def test_judge_counts_at_the_budget() -> None:
    values = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0])
    frauds = np.array([True, False, False, True, False, False, False, False, False, False])
    scenarios = np.array(["a", "", "", "b", *[""] * 6])
    metrics = judge(values, frauds, scenarios, 0.2)
    assert metrics["precision_at_budget"] == 0.5
    assert metrics["recall_at_budget"] == 0.5
    assert metrics["recall_at_budget.a"] == 1.0
    assert metrics["recall_at_budget.b"] == 0.0
    assert metrics["auc_roc"] == pytest.approx(14 / 16)


def test_default_features_exist_and_leave_out_what_depends_on_the_stream() -> None:
    assert set(DEFAULT_FEATURES) <= set(FEATURE_INDEX)
    # A share of known frauds means the same in any stream, however many days it is of.
    foreign = [
        name
        for name in DEFAULT_FEATURES
        if name in {"amount", "hour_of_day"}
        or "_sum_" in name
        or (name.endswith(("_7d", "_30d")) and "_fraud_ratio_" not in name)
    ]
    assert foreign == []


def test_features_for_one_kind_leave_out_those_of_the_other() -> None:
    payments, trades = features_for("payments"), features_for("trades")
    assert set(payments) <= set(PAYMENT_FEATURE_NAMES)
    assert set(trades) <= set(TRADE_FEATURE_NAMES)
    assert set(payments) | set(trades) == set(DEFAULT_FEATURES)
