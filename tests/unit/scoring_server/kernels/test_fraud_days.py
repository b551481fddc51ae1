import numpy as np
import pytest

from scoring_server.kernels.dtypes import DAY_COUNT, ENTITY, FEATURES
from scoring_server.kernels.fraud_days import day_label_update, day_update, fraud_days_score

DAY_NS = 86_400_000_000_000
START_DAY = 20_000
NAMES = (
    "merchant_fraud_ratio_1d",
    "merchant_fraud_ratio_7d",
    "merchant_fraud_ratio_30d",
    "merchant_fraud_count_30d",
    "merchant_fraud_run_count",
    "merchant_fraud_run_days",
    "merchant_fraud_age_days",
)


class SlowPayee:
    """All payments and known frauds in lists; every answer is counted anew."""

    def __init__(self):
        self.payments, self.frauds, self.delay_ns = [], [], 0

    def pay(self, time_ns):
        self.payments.append(time_ns)

    def label(self, time_ns, known_ns):
        delay = known_ns - time_ns
        self.delay_ns += delay if self.delay_ns == 0 else (delay - self.delay_ns) // 8
        self.frauds.append(time_ns)

    def answer(self, now_ns):
        if not self.frauds:
            return dict.fromkeys(NAMES, 0.0)
        head = max(t // DAY_NS for t in self.payments)
        days = range(head - DAY_COUNT + 1, head + 1)
        count = {d: sum(t // DAY_NS == d for t in self.payments) for d in days}
        fraud = {d: sum(t // DAY_NS == d for t in self.frauds) for d in days}
        settled = (now_ns - self.delay_ns) // DAY_NS
        counted = settled + (self.delay_ns < DAY_NS)
        out = {}
        for length in (1, 7, 30):
            mine = [d for d in days if counted - length <= d < counted]
            payments = sum(count[d] for d in mine)
            out[f"merchant_fraud_ratio_{length}d"] = (
                sum(fraud[d] for d in mine) / payments if payments else 0.0
            )
        out["merchant_fraud_count_30d"] = sum(fraud[d] for d in days if d >= counted - 30)
        run = []
        for d in reversed(days):
            if count[d] == 0 or (d >= settled and 2 * fraud[d] < count[d]):
                continue
            if d < settled and fraud[d] < count[d]:
                break
            run.append(d)
        out["merchant_fraud_run_count"] = sum(fraud[d] for d in run)
        out["merchant_fraud_run_days"] = max(0.0, now_ns / DAY_NS - run[-1]) if run else 0.0
        bad = [d for d in days if fraud[d]]
        out["merchant_fraud_age_days"] = max(0.0, now_ns / DAY_NS - bad[-1]) if bad else 0.0
        return out


def read(payee, now_ns):
    out = np.zeros(1, FEATURES)
    fraud_days_score(payee[0], now_ns, out[0])
    return {name: float(out[0][name]) for name in NAMES}


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("delay_days", [0.0, 0.4, 7.0, 20.0])
def test_days_equal_the_slow_twin(seed, delay_days):
    random = np.random.default_rng(seed)
    payee, slow = np.zeros(1, ENTITY), SlowPayee()
    times = np.sort(random.integers(0, 90 * DAY_NS, 150)) + START_DAY * DAY_NS
    # Out of order by up to a day and a half.
    order = np.argsort(times + random.integers(0, 3 * DAY_NS // 2, len(times)))
    bad_from, bad_to = np.sort(random.integers(START_DAY, START_DAY + 90, 2)) * DAY_NS
    delay_ns = round(delay_days * DAY_NS)
    waiting = []
    for time_ns in times[order].tolist():
        for known_ns, fraud_ns in [each for each in waiting if each[0] <= time_ns]:
            waiting.remove((known_ns, fraud_ns))
            # What is older than all remembered days is in neither.
            day_label_update(payee[0], fraud_ns, known_ns, 1)
            payee[0]["fraud_weight"] += 1.0
            slow.label(fraud_ns, known_ns)
        got, expected = read(payee, time_ns), slow.answer(time_ns)
        # The columns are float32.
        assert got == pytest.approx(expected, rel=1e-5, abs=2e-3), time_ns
        day_update(payee[0], time_ns)
        slow.pay(time_ns)
        if bad_from <= time_ns < bad_to or random.random() < 0.05:
            jitter = int(random.integers(0, DAY_NS)) if delay_days > 1 else 0
            waiting.append((time_ns + delay_ns + jitter, time_ns))


def test_a_withdrawn_label_leaves_no_fraud_on_its_day():
    payee = np.zeros(1, ENTITY)
    now_ns = START_DAY * DAY_NS
    day_update(payee[0], now_ns)
    for delta in (1, -1):
        day_label_update(payee[0], now_ns, now_ns + 5, delta)
    assert payee[0]["day_fraud_count"].sum() == 0
    day_label_update(payee[0], now_ns, now_ns + 5, -1)
    assert payee[0]["day_fraud_count"].sum() == 0


def test_few_early_known_frauds_of_a_busy_day_are_no_run():
    payee = np.zeros(1, ENTITY)
    for minute in range(1_000):
        day_update(payee[0], START_DAY * DAY_NS + minute * 60_000_000_000)
    payee[0]["fraud_weight"] = 2.0
    for _ in range(2):
        day_label_update(payee[0], START_DAY * DAY_NS, START_DAY * DAY_NS + 1, 1)
    out = read(payee, START_DAY * DAY_NS + DAY_NS // 2)
    assert out["merchant_fraud_run_count"] == 0.0
    assert out["merchant_fraud_ratio_1d"] == pytest.approx(0.002)


def test_days_beyond_what_is_remembered_are_forgotten():
    payee = np.zeros(1, ENTITY)
    day_update(payee[0], START_DAY * DAY_NS)
    day_update(payee[0], (START_DAY + DAY_COUNT) * DAY_NS)
    assert payee[0]["day_count"].sum() == 1
    day_update(payee[0], START_DAY * DAY_NS)
    assert payee[0]["day_count"].sum() == 1
