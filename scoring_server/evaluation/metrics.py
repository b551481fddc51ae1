"""How well scores rank fraud: the three measures that published work on card fraud reports."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics


def auc_roc(labels: NDArray[Any], scores: NDArray[Any]) -> float:
    """Return the area under the ROC curve: the chance that a fraud outranks a legitimate one.

    NaN where one of the two classes is missing.
    """
    if not _has_both(labels):
        return float("nan")
    return float(metrics.roc_auc_score(labels, scores))


def average_precision(labels: NDArray[Any], scores: NDArray[Any]) -> float:
    """Return the precision averaged over the recall steps of the ranking.

    NaN where one of the two classes is missing.
    """
    if not _has_both(labels):
        return float("nan")
    return float(metrics.average_precision_score(labels, scores))


def card_precision_at(
    k: int,
    days: NDArray[Any],
    accounts: NDArray[Any],
    scores: NDArray[Any],
    labels: NDArray[Any],
) -> float:
    """Return the mean share of truly compromised accounts among the k that look worst, day by day.

    An account's score on a day is its highest one. Accounts that were detected on one day are not
    judged on later days: they would have been blocked. The divisor is k even on a day with fewer
    accounts.

    Args:
        k: how many accounts can be looked at in a day, at least 1.
        days: day number of each transaction, any integers; days are taken in ascending order.
        accounts: account of each transaction, anything that sorts.
        scores: higher is more anomalous; not NaN.
        labels: 1 fraud, 0 legitimate.

    Returns:
        0..1; NaN without transactions. Accounts with equal scores rank in ascending order of
        `accounts`.

    Source: Le Borgne et al. 2022, Reproducible Machine Learning for Credit Card Fraud Detection,
        chapter 4.
    """
    _, account_index = np.unique(accounts, return_inverse=True)
    blocked = np.zeros(account_index.max(initial=-1) + 1, dtype=bool)
    precisions = []
    for day in np.unique(days):
        rows = np.flatnonzero((days == day) & ~blocked[account_index])
        day_accounts, positions = np.unique(account_index[rows], return_inverse=True)
        highest = np.full(day_accounts.size, -np.inf)
        np.maximum.at(highest, positions, scores[rows])
        compromised = np.zeros(day_accounts.size, dtype=bool)
        np.logical_or.at(compromised, positions, labels[rows] == 1)
        top = np.argsort(-highest, kind="stable")[:k]
        detected = day_accounts[top[compromised[top]]]
        blocked[detected] = True
        precisions.append(detected.size / k)
    return float(np.mean(precisions)) if precisions else float("nan")


def _has_both(labels: NDArray[Any]) -> bool:
    positives = int(np.count_nonzero(labels))
    return 0 < positives < labels.size
