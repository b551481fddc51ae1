"""Judges transactions from features that were recorded, without any state."""

from numba import njit

from scoring_server.kernels.evidence import judge


@njit(nogil=True, cache=True, error_model="numpy")
def judge_block(features, transactions, judgements):
    """Score each transaction by both detectors, as it was scored when it happened.

    Args:
        features: FEATURES records, shape (n,).
        transactions: TRANSACTION records, shape (n,).
        judgements: JUDGEMENT records, shape (n,); what `judge` writes is overwritten.
    """
    for row in range(features.shape[0]):
        judge(features[row], transactions[row], judgements[row])
