"""Counts of how scores and alerts did, kept as transactions and labels come in.

Each transaction is counted once, on its own clock, by what is known of it now. A label that comes,
changes or is withdrawn moves its transaction from one count to another: what it was is taken away,
what it is now is added. The counts always equal a recount of all transactions.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from gateway.domain.currency import AMOUNT_MINOR_MAX
from gateway.domain.enumerations import LabelValue
from gateway.domain.labels import Facts, Standing

DAY = timedelta(days=1)
# Scores 0..100 by whole points; exactly 100 has a bin of its own.
SCORE_BINS = 101
# A delay beyond this counts as this: card schemes take disputes up to 120 days after the payment;
# the rest is reserve, chosen by us.
DELAY_DAYS_MAX = 180
# The one start of everything counted in total.
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Grain(StrEnum):
    """How long a time one count covers: an hour or a day in UTC, or all there is."""

    HOUR = "HOUR"
    DAY = "DAY"
    TOTAL = "TOTAL"


Key = tuple[object, ...]
Cells = dict[Key, list[int]]


def period_start(grain: Grain, instant: datetime) -> datetime:
    """Return the start of the period of a grain that an instant lies in."""
    if grain is Grain.TOTAL:
        return EPOCH
    hour = instant.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return hour if grain is Grain.HOUR else hour.replace(hour=0)


def score_bin(risk_score: float) -> int:
    """Return the bin of a risk score of 0..100."""
    return max(0, min(SCORE_BINS - 1, int(risk_score)))


def delay_days(event_time: datetime, since_time: datetime) -> int:
    """Return after how many whole days a label became known, 0..DELAY_DAYS_MAX."""
    return max(0, min(DELAY_DAYS_MAX, (since_time - event_time) // DAY))


class Tally:
    """Additions to the counts; each attribute is a table, its keys and counts in column order."""

    def __init__(self) -> None:
        self.performance: Cells = {}
        self.scores: Cells = {}
        self.money: Cells = {}
        self.delays: Cells = {}

    def transaction(self, facts: Facts, standing: Standing | None) -> None:
        """Count a transaction that is new, with the label that was waiting for it."""
        self._count(facts, standing, 1)

    def relabel(self, facts: Facts, before: Standing | None, after: Standing) -> None:
        """Move a transaction from what it counted as to what it counts as now."""
        self._count(facts, before, -1)
        self._count(facts, after, 1)

    def _count(self, facts: Facts, standing: Standing | None, step: int) -> None:
        value = standing.value if standing else LabelValue.WITHDRAWN
        fraud = step * (value == LabelValue.FRAUD)
        legitimate = step * (value == LabelValue.LEGITIMATE)
        alerted = facts.alerted
        # A trade may be larger than any payment; one of them must not make the sums overflow.
        amount = min(facts.amount_minor or 0, AMOUNT_MINOR_MAX)
        performance = (
            step,
            step * alerted,
            fraud,
            fraud * alerted,
            legitimate,
            legitimate * alerted,
        )
        scored = score_bin(facts.risk_score)
        for grain in Grain:
            start = period_start(grain, facts.event_time)
            _add(self.performance, (grain, start, facts.model_version, facts.kind), performance)
            _add(
                self.scores,
                (grain, start, facts.model_version, facts.kind, scored),
                (step, fraud),
            )
            _add(
                self.money,
                (grain, facts.currency, start, facts.kind, scored),
                (step, fraud, step * amount, fraud * amount),
            )
        if fraud and standing:
            day = period_start(Grain.DAY, facts.event_time)
            delay = delay_days(facts.event_time, standing.since_time)
            _add(self.delays, (day, alerted, delay), (fraud,))


def _add(cells: Cells, key: Key, counts: Sequence[int]) -> None:
    cell = cells.get(key)
    if cell is None:
        cells[key] = list(counts)
        return
    for index, count in enumerate(counts):
        cell[index] += count
