"""What user rules do to judged transactions: they are counted, and live ones count."""

import math

import numpy as np
from numba import int32, njit, types, uint64, void
from numba.np.numpy_support import from_dtype

from scoring_server.kernels.combine import band
from scoring_server.kernels.dtypes import (
    EVIDENCE_COUNT,
    JUDGEMENT,
    REASON_COUNT_MAX,
    TRANSACTION,
)
from scoring_server.kernels.rule_program import LISTED, load_fields, look_up, run_program

ACTION_SCORE, ACTION_APPROVE, ACTION_REVIEW, ACTION_DECLINE = range(4)

# What a rule that is hit does. `value` is the register that its reason tells, -1 for none.
EFFECT = np.dtype(
    [("weight", "f8"), ("baseline", "f8"), ("value", "i4"), ("action", "i4"), ("is_live", "i8")],
    align=True,
)
# Places in the thresholds.
REVIEW_FLOOR, DECLINE_FLOOR, APPROVE_CEILING, ALERT = range(4)
# Columns of the counts: hits, and hits that the detectors alone raise an alert for.
HITS, ALERTED = range(2)
_RISK_END = 100.0 - 1e-9


@njit(nogil=True, cache=True)
def _shown(effect, registers):
    return registers[effect["value"]] if effect["value"] >= 0 else 0.0


@njit(nogil=True, cache=True)
def _tell(judgement, effects, registers, hits, count, lift, deciding):
    """Put the reasons of live rules before those of the detectors, the decisive ones first."""
    told = 0.0
    for reason in range(EVIDENCE_COUNT):
        if judgement["strengths"][reason] != 0.0:
            told -= math.log(1.0 - judgement["strengths"][reason])
    live = 0
    decisive = 0
    total = told + lift
    for index in range(count):
        effect = effects[hits[index]]
        if effect["is_live"]:
            live += 1
            if effect["action"] == ACTION_SCORE:
                total -= math.log(1.0 - effect["weight"])
            elif effect["action"] == deciding:
                decisive += 1
    shown = min(live, REASON_COUNT_MAX)
    kept = min(judgement["reason_count"], REASON_COUNT_MAX - shown)
    for place in range(kept - 1, -1, -1):
        share = judgement["reason_contribution"][place]
        judgement["reason_index"][place + shown] = judgement["reason_index"][place]
        judgement["reason_contribution"][place + shown] = share * told / total if total else 0.0
    place = 0
    for action in (ACTION_DECLINE, ACTION_REVIEW, ACTION_APPROVE, ACTION_SCORE):
        for index in range(count):
            effect = effects[hits[index]]
            if effect["action"] != action or not effect["is_live"] or place == shown:
                continue
            part = 0.0
            if action == ACTION_SCORE:
                part = -math.log(1.0 - effect["weight"])
            elif action == deciding:
                part = lift / decisive
            judgement["reason_index"][place] = EVIDENCE_COUNT + hits[index]
            judgement["reason_contribution"][place] = part / total if total else 0.0
            judgement["reason_value"][place] = _shown(effect, registers)
            judgement["reason_baseline"][place] = effect["baseline"]
            place += 1
    judgement["reason_count"] = shown + kept


@njit(nogil=True, cache=True)
def _apply(judgement, effects, registers, hits, count, limits, severities, decisions):
    """Let the live rules among the hits change risk, severity, decision and reasons."""
    usual = 1.0
    worst = ACTION_SCORE
    is_live = False
    for index in range(count):
        effect = effects[hits[index]]
        if effect["is_live"]:
            is_live = True
            worst = max(worst, effect["action"])
            if effect["action"] == ACTION_SCORE:
                usual *= 1.0 - effect["weight"]
    if not is_live:
        return
    risk = judgement["risk_score"]
    if usual != 1.0:
        risk = 100.0 * (1.0 - (1.0 - risk / 100.0) * usual)
    before = risk
    if worst == ACTION_DECLINE:
        risk = max(risk, limits[DECLINE_FLOOR])
    elif worst == ACTION_REVIEW:
        risk = max(risk, limits[REVIEW_FLOOR])
    elif worst == ACTION_APPROVE:
        risk = min(risk, limits[APPROVE_CEILING])
    lift = 0.0
    if risk > before:
        lift = math.log((100.0 - before) / (100.0 - min(risk, _RISK_END)))
    _tell(judgement, effects, registers, hits, count, lift, worst)
    judgement["risk_score"] = risk
    judgement["severity"] = 1 + band(risk, severities)
    judgement["decision"] = 1 + band(risk, decisions)


def _array(dtype, dimensions=1):
    return types.Array(from_dtype(np.dtype(dtype)), dimensions, "C")


@njit(
    void(
        _array("i4", 2), _array("i4", 2), _array("f8"), uint64[::1], _array(LISTED),
        _array(EFFECT), _array("f8"), _array("f8"), _array("f8"), _array("f4", 2),
        _array(TRANSACTION), uint64[::1], _array(JUDGEMENT), int32[::1], _array("i8", 2),
    ),
    cache=True,
    nogil=True,
    error_model="numpy",
)  # fmt: skip
def rules_block(
    program,
    loads,
    registers,
    keys,
    listed,
    effects,
    limits,
    severity_thresholds,
    decision_thresholds,
    features,
    transactions,
    sequences,
    judgements,
    hits,
    counts,
):
    """Run the user rules over judged transactions, count what they hit, and let live ones count.

    Args:
        program: instructions, shape (any, 4), the last one OP_END; targets lie ahead.
        loads: register and place of each feature that is read, shape (any, 2).
        registers: constants in place; the rest is overwritten.
        keys: that instructions compare with.
        listed: LISTED table, its size a power of two with a free entry.
        effects: EFFECT records by rule.
        limits: risk scores by REVIEW_FLOOR, DECLINE_FLOOR, APPROVE_CEILING and ALERT.
        severity_thresholds: four rising risk scores.
        decision_thresholds: risk score from which to review, and from which to decline.
        features: as a matrix, shape (n, FEATURE_COUNT).
        transactions: TRANSACTION records, shape (n,).
        sequences: shape (n,); a row that has 0 is left alone.
        judgements: JUDGEMENT records that combine_block has written, shape (n,).
        hits: scratch, one a rule.
        counts: shape (rules, 2), by HITS and ALERTED; added to.

    Cost: O(rules) a transaction, no allocation. Errors: none.
    """
    for row in range(transactions.shape[0]):
        if sequences[row] == np.uint64(0):
            continue
        transaction = transactions[row]
        load_fields(transaction, registers)
        for index in range(loads.shape[0]):
            registers[loads[index, 0]] = features[row, loads[index, 1]]
        count = run_program(program, registers, keys, transaction, hits)
        if listed.shape[0] > 1:
            count = look_up(listed, transaction, hits, count)
        if count:
            is_alerted = judgements[row]["risk_score"] >= limits[ALERT]
            for index in range(count):
                counts[hits[index], HITS] += 1
                counts[hits[index], ALERTED] += is_alerted
            _apply(
                judgements[row], effects, registers, hits, count, limits, severity_thresholds,
                decision_thresholds,
            )  # fmt: skip
