"""Which of a payee's last days were bad: payments and known frauds by day of the payment.

Frauds become known late, so the newest days hold payments that nothing is known of yet. A payee
remembers how late its frauds became known; days younger than that are not settled, and a share of
frauds counts settled days only. A run of frauds is what a payee has that turned bad: the newest
settled days, all of whose payments were frauds; a younger day belongs to it when at least half of
its payments are known frauds already.
"""

import numpy as np
from numba import njit

from scoring_server.kernels.dtypes import DAY_COUNT

_DAY_NS = 86_400_000_000_000
# Memory of the delay, in frauds.
_DELAY_MEMORY = 8
_COUNT_MAX = 65_535


@njit(nogil=True, cache=True)
def day_update(payee, time_ns):
    """Count a payment; one older than all remembered days is left out.

    `payee` is an ENTITY record. Times may come in any order.
    Cost: O(1), and O(DAY_COUNT) after a pause.
    """
    day = time_ns // _DAY_NS
    head = payee["day_head"]
    if day > head:
        for step in range(1, min(day - head, np.int64(DAY_COUNT)) + 1):
            place = (day - step + 1) % DAY_COUNT
            payee["day_count"][place] = 0
            payee["day_fraud_count"][place] = 0
        payee["day_head"] = day
        head = day
    if day > head - DAY_COUNT:
        place = day % DAY_COUNT
        payee["day_count"][place] = min(np.int64(payee["day_count"][place]) + 1, _COUNT_MAX)


@njit(nogil=True, cache=True)
def day_label_update(payee, event_time_ns, known_time_ns, fraud_delta):
    """Count a known fraud on the day of its payment, or take one back. O(1)."""
    if fraud_delta == 0:
        return
    if fraud_delta > 0:
        delay_ns = max(np.int64(0), known_time_ns - event_time_ns)
        before_ns = payee["label_delay_ns"]
        if before_ns == 0:
            payee["label_delay_ns"] = delay_ns
        else:
            payee["label_delay_ns"] = before_ns + (delay_ns - before_ns) // _DELAY_MEMORY
    day = event_time_ns // _DAY_NS
    head = payee["day_head"]
    if head - DAY_COUNT < day <= head:
        place = day % DAY_COUNT
        count = np.int64(payee["day_fraud_count"][place]) + fraud_delta
        payee["day_fraud_count"][place] = min(max(count, 0), _COUNT_MAX)


@njit(nogil=True, cache=True)
def fraud_days_score(payee, now_ns, out):
    """Write shares, run and age of the payee's known frauds; all 0.0 while none is known.

    Args:
        payee: ENTITY record; only read.
        now_ns: time of the payment that is judged.
        out: FEATURES record.

    Cost: O(1) for a payee without a known fraud, else O(DAY_COUNT).
    """
    if payee["fraud_weight"] <= 0.0:
        return
    delay_ns = payee["label_delay_ns"]
    settled = (now_ns - delay_ns) // _DAY_NS
    # Where frauds become known within the day, today's share is known as well.
    counted = settled + 1 if delay_ns < _DAY_NS else settled
    head = payee["day_head"]
    payments_1d = payments_7d = payments_30d = 0.0
    frauds_1d = frauds_7d = frauds_30d = unsettled = run = 0.0
    run_day = newest_day = np.int64(-1)
    is_open = True
    for back in range(DAY_COUNT):
        day = head - back
        place = day % DAY_COUNT
        fraud = np.float64(payee["day_fraud_count"][place])
        payments = np.float64(payee["day_count"][place])
        if fraud > 0.0 and newest_day < 0:
            newest_day = day
        if day >= counted:
            unsettled += fraud
        else:
            age = counted - 1 - day
            if age < 1:
                payments_1d += payments
                frauds_1d += fraud
            if age < 7:
                payments_7d += payments
                frauds_7d += fraud
            if age < 30:
                payments_30d += payments
                frauds_30d += fraud
        if day >= settled:
            payments = fraud if 2.0 * fraud >= payments else np.float64(0.0)
        if is_open and payments > 0.0:
            if fraud >= payments:
                run += fraud
                run_day = day
            else:
                is_open = False
    out["merchant_fraud_ratio_1d"] = _share(frauds_1d, payments_1d)
    out["merchant_fraud_ratio_7d"] = _share(frauds_7d, payments_7d)
    out["merchant_fraud_ratio_30d"] = _share(frauds_30d, payments_30d)
    out["merchant_fraud_count_30d"] = frauds_30d + unsettled
    out["merchant_fraud_run_count"] = run
    if run_day >= 0:
        out["merchant_fraud_run_days"] = _days_since(run_day, now_ns)
    if newest_day >= 0:
        out["merchant_fraud_age_days"] = _days_since(newest_day, now_ns)


@njit(nogil=True, cache=True)
def _share(frauds, payments):
    return min(frauds, payments) / payments if payments > 0.0 else 0.0


@njit(nogil=True, cache=True)
def _days_since(day, now_ns):
    return max(0.0, np.float64(now_ns - day * _DAY_NS) / _DAY_NS)
