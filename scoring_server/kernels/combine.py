"""The risk step: from the detectors' and the model's scores to a risk, a decision and reasons.

The scores are combined like reasons, by a noisy-or (see evidence.py).
"""

import math

from numba import float64, int64, njit, types, void
from numba.np.numpy_support import from_dtype

from scoring_server.kernels.dtypes import JUDGEMENT, REASON_COUNT_MAX
from scoring_server.kernels.evidence import MODEL_SCORE

_JUDGEMENTS = types.Array(from_dtype(JUDGEMENT), 1, "C")


@njit(nogil=True, cache=True)
def recentred(probability, threshold):
    """Return a probability whose odds are measured in the odds of a threshold; there it is 0.5.

    A model says from which score it would raise an alert by itself; fraud is rare, so that is far
    below one half. The order of scores stays as it is.
    """
    over = probability * (1.0 - threshold)
    under = (1.0 - probability) * threshold
    return over / (over + under)


@njit(nogil=True, cache=True)
def band(risk_score, thresholds):
    """Return how many of the rising thresholds a risk score reaches."""
    reached = 0
    for place in range(thresholds.shape[0]):
        if risk_score >= thresholds[place]:
            reached += 1
    return reached


@njit(
    void(_JUDGEMENTS, float64, int64, int64, int64, int64[::1]),
    cache=True,
    nogil=True,
    error_model="numpy",
)
def tally_block(judgements, alert_threshold, severity_first, decision_first, alerts, counts):
    """Count transactions by what was decided.

    Args:
        judgements: JUDGEMENT records.
        alert_threshold: risk score from which an alert is raised.
        severity_first: place of severity 0 in the counts.
        decision_first: place of decision 0.
        alerts: place of the alerts.
        counts: added to.
    """
    for row in range(judgements.shape[0]):
        counts[severity_first + judgements[row]["severity"]] += 1
        counts[decision_first + judgements[row]["decision"]] += 1
        if judgements[row]["risk_score"] >= alert_threshold:
            counts[alerts] += 1


@njit(nogil=True, cache=True)
def _rank(judgement):
    """Write the reasons, strongest first, and their shares of all evidence."""
    strengths = judgement["strengths"]
    total = 0.0
    for reason in range(MODEL_SCORE + 1):
        if strengths[reason] != 0.0:
            total -= math.log(1.0 - strengths[reason])
    count = 0
    while count < REASON_COUNT_MAX:
        best = -1
        for reason in range(MODEL_SCORE + 1):
            # Below one percent it is no reason to tell anybody.
            if strengths[reason] <= 0.01:
                continue
            told = False
            for place in range(count):
                if judgement["reason_index"][place] == reason:
                    told = True
            if not told and (best < 0 or strengths[reason] > strengths[best]):
                best = reason
        if best < 0:
            break
        judgement["reason_index"][count] = best
        judgement["reason_contribution"][count] = -math.log(1.0 - strengths[best]) / total
        count += 1
    judgement["reason_count"] = count


@njit(
    void(_JUDGEMENTS, float64[::1], float64, float64[::1], float64[::1], float64[::1]),
    cache=True,
    nogil=True,
    error_model="numpy",
)
def combine_block(judgements, ml, ml_threshold, weights, severity_thresholds, decision_thresholds):
    """Combine the detectors' scores into a risk, a severity, a decision and ranked reasons.

    Args:
        judgements: JUDGEMENT records that `judge` has written, shape (n,); the rest is written.
        ml: model scores in [0, 1], shape (n,); NaN where the model took no part.
        ml_threshold: model score that counts as a risk of one half, in (0, 1).
        weights: of statistical, behavioral, ml, each in [0, 1], shape (3,).
        severity_thresholds: four rising risk scores.
        decision_thresholds: risk score from which to review, and from which to decline.
    """
    for row in range(judgements.shape[0]):
        judgement = judgements[row]
        usual = (1.0 - weights[0] * judgement["statistical"]) * (
            1.0 - weights[1] * judgement["behavioral"]
        )
        model = 0.0
        if not math.isnan(ml[row]):
            model = weights[2] * recentred(ml[row], ml_threshold)
            usual *= 1.0 - model
        judgement["strengths"][MODEL_SCORE] = min(model, 1.0 - 1e-9)
        risk_score = 100.0 * (1.0 - usual)
        judgement["risk_score"] = risk_score
        judgement["severity"] = 1 + band(risk_score, severity_thresholds)
        judgement["decision"] = 1 + band(risk_score, decision_thresholds)
        _rank(judgement)
