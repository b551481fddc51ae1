"""Fits a gradient-boosted model as a bank could have: on the past, with the labels known by then.

A history is cut in event time:

    warm-up | fitted on | early stopping | labels still coming in | tested on
    0      4 %         58 %             67 %                     77 %     100 %

The model is fitted at the start of the test part, on the labels that had become known by then; a
fraud that came out later counts as genuine, as it would have. It is tested on what came afterwards,
with the whole truth.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from models.training.dataset import FRAUD, UNKNOWN, Dataset
from models.training.features import DEFAULT_FEATURES
from scoring_server.catalogue import FEATURE_INDEX
from scoring_server.errors import InvalidArgumentError
from scoring_server.evaluation.metrics import auc_roc, average_precision

# Shares of the time span at which the parts end; the table above.
WARM_UP_END, FIT_END, STOPPING_END, TEST_START = 0.04, 0.58, 0.67, 0.77
FRAUD_COUNT_MIN: Final = 20
# Digits kept of what goes into the manifest: far below any noise, and the same on every machine.
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a model is fitted. The defaults were found by us on the simulated histories.

    Attributes:
        features: catalogue features to read -> 1 where a larger value may only raise the score.
        tree_count: most trees; early stopping may leave fewer.
        leaf_count: most leaves a tree.
        learning_rate: shrinkage of each tree.
        l2: regularisation of leaf values.
        leaf_rows_min: fewest transactions a leaf.
        patience: trees without improvement before stopping.
        alert_budget_ratio: share of transactions that may be reviewed; it sets the threshold.
        seed: seed of the learner.
    """

    features: dict[str, int] = field(default_factory=lambda: dict(DEFAULT_FEATURES))
    tree_count: int = 200
    leaf_count: int = 31
    learning_rate: float = 0.06
    l2: float = 5.0
    leaf_rows_min: int = 60
    patience: int = 20
    alert_budget_ratio: float = 0.01
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted model and what is known of it.

    Attributes:
        classifier: the fitted scikit-learn model.
        features: what its columns are.
        threshold: score that the alert budget allows, from the early-stopping part.
        metrics: on the test part, by `<stream>.<metric>`.
        row_count: transactions fitted on.
        fraud_count: known frauds among them.
        start_time_ns: event time of the first of them.
        end_time_ns: event time after the last of them.
        test_inputs: inputs of the test part, float32, in event order within each stream.
    """

    classifier: HistGradientBoostingClassifier
    features: tuple[str, ...]
    threshold: float
    metrics: dict[str, float]
    row_count: int
    fraud_count: int
    start_time_ns: int
    end_time_ns: int
    test_inputs: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Parts:
    inputs: NDArray[np.float32]
    known: NDArray[np.bool_]
    fit: NDArray[np.bool_]
    stopping: NDArray[np.bool_]
    test: NDArray[np.bool_]


def fit(streams: dict[str, Dataset], recipe: Recipe) -> Fitted:
    """Fit one model on all streams together; the same input gives the same model.

    Args:
        streams: datasets by name; each is cut in its own time span.
        recipe: how to fit.

    Raises:
        InvalidArgumentError: too few labelled frauds in a part to learn or to judge from.
    """
    columns = [FEATURE_INDEX[name] for name in recipe.features]
    parts = {name: _cut(dataset, columns) for name, dataset in streams.items()}
    fit_inputs = np.concatenate([part.inputs[part.fit] for part in parts.values()])
    fit_labels = np.concatenate([part.known[part.fit] for part in parts.values()])
    stop_inputs = np.concatenate([part.inputs[part.stopping] for part in parts.values()])
    stop_labels = np.concatenate([part.known[part.stopping] for part in parts.values()])
    _check_counts(fit_labels, stop_labels)
    classifier = HistGradientBoostingClassifier(
        max_iter=recipe.tree_count,
        max_leaf_nodes=recipe.leaf_count,
        learning_rate=recipe.learning_rate,
        l2_regularization=recipe.l2,
        min_samples_leaf=recipe.leaf_rows_min,
        monotonic_cst=list(recipe.features.values()),
        early_stopping=True,
        n_iter_no_change=recipe.patience,
        random_state=recipe.seed,
    )
    classifier.fit(fit_inputs, fit_labels, X_val=stop_inputs, y_val=stop_labels)
    stop_scores = scores_of(classifier, stop_inputs)
    times_ns = np.concatenate(
        [dataset.history.event_time_ns[parts[name].fit] for name, dataset in streams.items()]
    )
    return Fitted(
        classifier=classifier,
        features=tuple(recipe.features),
        threshold=round(float(np.quantile(stop_scores, 1.0 - recipe.alert_budget_ratio)), _DIGITS),
        metrics=_judge(classifier, streams, parts, recipe.alert_budget_ratio),
        row_count=len(fit_labels),
        fraud_count=int(np.count_nonzero(fit_labels)),
        start_time_ns=int(times_ns.min()),
        end_time_ns=int(times_ns.max()) + 1,
        test_inputs=np.concatenate([part.inputs[part.test] for part in parts.values()]),
    )


def scores_of(
    classifier: HistGradientBoostingClassifier, inputs: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Return the probability of fraud of each row."""
    probabilities: NDArray[np.float64] = classifier.predict_proba(inputs)[:, 1]
    return probabilities


def judge(
    scores: NDArray[np.float64],
    frauds: NDArray[np.bool_],
    scenarios: NDArray[np.str_],
    budget_ratio: float,
) -> dict[str, float]:
    """Return how well scores rank: `auc_roc`, `average_precision`, precision and recall at budget.

    Args:
        scores: higher is more anomalous.
        frauds: the truth.
        scenarios: what each fraud was; recall is given for each of them as well.
        budget_ratio: share of the rows, those with the highest scores, that are reviewed.
    """
    review_count = max(1, round(budget_ratio * len(scores)))
    reviewed = np.zeros(len(scores), dtype=bool)
    reviewed[np.argsort(-scores, kind="stable")[:review_count]] = True
    found = reviewed & frauds
    metrics = {
        "auc_roc": auc_roc(frauds, scores),
        "average_precision": average_precision(frauds, scores),
        "precision_at_budget": float(found.sum() / review_count),
        "recall_at_budget": float(found.sum() / max(1, frauds.sum())),
    }
    for name in np.unique(scenarios[frauds]).tolist():
        if name:
            mine = frauds & (scenarios == name)
            metrics[f"recall_at_budget.{name}"] = float(found[mine].mean())
    return {name: round(value, _DIGITS) for name, value in metrics.items() if not np.isnan(value)}


def _cut(dataset: Dataset, columns: list[int]) -> _Parts:
    history = dataset.history
    time_ns = history.event_time_ns
    start_ns, end_ns = int(time_ns[0]), int(time_ns[-1])
    ratio = (time_ns - start_ns) / max(1, end_ns - start_ns)
    now_ns = start_ns + round(TEST_START * (end_ns - start_ns))
    # Without a time a label is taken to have been known at once.
    known = (history.label == FRAUD) & (history.label_time_ns <= now_ns)
    labelled = history.label != UNKNOWN
    return _Parts(
        inputs=np.ascontiguousarray(dataset.features[:, columns]),
        known=known,
        fit=labelled & (ratio >= WARM_UP_END) & (ratio < FIT_END),
        stopping=labelled & (ratio >= FIT_END) & (ratio < STOPPING_END),
        test=labelled & (ratio >= TEST_START),
    )


def _check_counts(fit_labels: NDArray[np.bool_], stop_labels: NDArray[np.bool_]) -> None:
    for what, labels, least in (
        ("fitted on", fit_labels, FRAUD_COUNT_MIN),
        ("for early stopping", stop_labels, 1),
    ):
        count = int(np.count_nonzero(labels))
        if count < least or count == len(labels):
            raise InvalidArgumentError(
                f"the part {what} must have at least {least} known frauds and one genuine "
                f"transaction, has {count} frauds in {len(labels)} labelled transactions"
            )


def _judge(
    classifier: HistGradientBoostingClassifier,
    streams: dict[str, Dataset],
    parts: dict[str, _Parts],
    budget_ratio: float,
) -> dict[str, float]:
    metrics: dict[str, float] = {}
    for name, dataset in streams.items():
        test = parts[name].test
        if not test.any():
            continue
        judged = judge(
            scores_of(classifier, parts[name].inputs[test]),
            dataset.history.label[test] == FRAUD,
            dataset.history.scenario[test],
            budget_ratio,
        )
        metrics |= {f"{name}.{metric}": value for metric, value in judged.items()}
    return metrics
