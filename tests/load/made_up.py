"""Made-up transactions, and what analysts would have made of their alerts, by the gateway's rules.

A few accounts, merchants and devices do most of the business (Zipf), over eighteen months up to
now. Everything follows from the seed.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np

from gateway.domain import intake, life_cycle, rollup
from gateway.domain.alert import Alert, AlertEvent, AlertTransaction, DecisionRecord, Note
from gateway.domain.enumerations import AlertStatus, CaseDecision, LabelValue, Severity
from gateway.domain.rollup import Rollup
from gateway.domain.transaction import TransactionRecord
from gateway.services.labelling import label_id

SPAN = timedelta(days=548)
FOLD_WINDOW = timedelta(minutes=10)
_LATENCY = timedelta(milliseconds=40)
_ACCOUNTS, _MERCHANTS, _DEVICES, _ADDRESSES, _INSTRUMENTS = 300_000, 30_000, 400_000, 200_000, 2_000
# Exponent of the skew: the busiest account has about 1 in 250 of all transactions.
_SKEW = 0.75
_TRADES = 0.05
_CHANNELS = ("POS", "ECOM", "ATM", "TRANSFER", "MOTO")
_CURRENCIES = ("EUR", "USD", "GBP")
_COUNTRIES = ("DE", "FR", "US", "GB", "NL", "ES", "PL")
_MODELS = ("1.0.0", "1.1.0", "2.0.0")
_ANALYSTS = tuple(f"analyst-{number:02}" for number in range(24))
_REASONS = (
    ("ACCOUNT_AMOUNT", "STATISTICAL", "amount_robust_z", "The amount is far above the account's."),
    ("ACCOUNT_VELOCITY", "BEHAVIORAL", "count_1h", "More payments in an hour than ever before."),
    ("NEW_DEVICE", "BEHAVIORAL", "device_age_days", "The device is new to the account."),
    ("IMPOSSIBLE_TRAVEL", "BEHAVIORAL", "speed_kmh", "Too far from the last payment."),
    ("MODEL_SCORE", "ML", "", "The model rates it high."),
)
_REASON_TEXTS = tuple(
    json.dumps([[code, detector, feature, 6.0, 2.0, 0.6, sentence]])
    for code, detector, feature, sentence in _REASONS
)
# Scores of alerts: MEDIUM, HIGH and CRITICAL in shares of 70, 24 and 6 percent.
_BANDS = ((0.70, 50.0, 80.0), (0.94, 80.0, 95.0), (1.0, 95.0, 100.0))


@dataclass
class Chunk:
    """What one stretch of time brings, ready to be stored.

    `labels` are rows of the table, without the columns that come from the transaction.
    """

    transactions: list[TransactionRecord]
    alerts: list[Alert]
    members: list[AlertTransaction]
    events: list[AlertEvent]
    decisions: list[DecisionRecord] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    labels: list[tuple[Any, ...]] = field(default_factory=list)


class MadeUp:
    """The stream of chunks; `rollups` grow with each."""

    def __init__(self, transactions: int, alerts: int, until: datetime, seed: int = 1) -> None:
        self._count = transactions
        # Some of those that raise an alert fold into another one.
        self._raising = min(1.0, 1.02 * alerts / transactions)
        self._until = until
        self._start = until - SPAN
        self._generator = np.random.default_rng(seed)
        self._frauds: Counter[str] = Counter()
        self.rollups: dict[datetime, Rollup] = {}

    def chunks(self, size: int) -> Iterator[Chunk]:
        """Yield everything, oldest first."""
        for first in range(0, self._count, size):
            made = self._transactions(first, min(size, self._count - first))
            intake.count_transactions(self.rollups, made)
            raised = intake.raising(made)
            plan = intake.plan_alerts(raised, [], dict(self._frauds), FOLD_WINDOW)
            intake.count_alerts(self.rollups, plan.new)
            chunk = Chunk(made, [], plan.members, plan.events)
            self._work(chunk, plan.new)
            self._charge_back(chunk)
            yield chunk

    def _transactions(self, first: int, size: int) -> list[TransactionRecord]:
        draw = self._generator
        step_s = SPAN.total_seconds() / self._count
        start_s = self._start.timestamp()
        columns = {
            "account": self._skewed(_ACCOUNTS, size),
            "counterparty": self._skewed(_ACCOUNTS, size),
            "merchant": self._skewed(_MERCHANTS, size),
            "device": self._skewed(_DEVICES, size),
            "address": self._skewed(_ADDRESSES, size),
            "instrument": self._skewed(_INSTRUMENTS, size),
            "amount": (np.exp(draw.normal(8, 1.3, size)).astype(np.int64) + 1).tolist(),
            "chance": draw.random(size).tolist(),
            "band": draw.random(size).tolist(),
            "within": draw.random(size).tolist(),
            "pick": draw.integers(0, 1 << 30, size).tolist(),
        }
        made = []
        for row, (
            account, counterparty, merchant, device, address, instrument,
            amount, chance, band, within, pick,
        ) in enumerate(zip(*columns.values(), strict=True), first):  # fmt: skip
            event_time = datetime.fromtimestamp(start_s + row * step_s, UTC)
            raises = chance < self._raising
            trade = pick % 1000 < 1000 * _TRADES
            transfer = pick % 7 == 0 and not trade
            score = _score(band, within) if raises else 45 * within * within
            address_text = f"10.{address >> 16}.{address >> 8 & 255}.{address & 255}"
            transaction_id = f"tx-{row:010}"
            made.append(
                TransactionRecord(
                    transaction_id,
                    "TRADE" if trade else "PAYMENT",
                    event_time,
                    event_time + _LATENCY,
                    row + 1,
                    f"acc-{account:06}",
                    None if trade or transfer else f"mer-{merchant:05}",
                    None,
                    None if trade else f"dev-{device:06}",
                    f"acc-{counterparty:06}" if transfer else None,
                    f"ins-{instrument:04}" if trade else None,
                    ("BUY" if pick & 1 else "SELL") if trade else None,
                    amount,
                    _CURRENCIES[pick % 3],
                    amount * 10_000_000 if trade else None,
                    1_000_000 if trade else None,
                    "XETR" if trade else None,
                    f"ord-{row:010}" if trade else None,
                    f"own-{account:06}" if trade else None,
                    None if trade else _CHANNELS[pick % 5],
                    None if trade else 5411 + pick % 40,
                    None if trade else _COUNTRIES[pick % 7],
                    None,
                    None,
                    None if trade else address_text,
                    None,
                    score,
                    _severity(score),
                    _decision(score),
                    score / 100,
                    score / 120,
                    score / 110,
                    "default",
                    _MODELS[3 * row // self._count],
                    "",
                    f"alr_{_mixed(row):016x}" if raises else None,
                    _REASON_TEXTS[pick % 5] if raises else "[]",
                )
            )
        return made

    def _skewed(self, number: int, size: int) -> list[int]:
        """Return indexes below `number`, low ones far more often."""
        drawn = number * self._generator.random(size) ** (1 / (1 - _SKEW))
        return drawn.astype(np.int64).tolist()

    def _work(self, chunk: Chunk, raised: list[Alert]) -> None:
        """Let analysts work the alerts: nearly all that are older than three days are closed."""
        members: dict[str, list[AlertTransaction]] = {}
        for member in chunk.members:
            members.setdefault(member.alert_id, []).append(member)
        dice = self._generator.random((len(raised), 4)).tolist()
        for alert, (chance, hours, kind, who) in zip(raised, dice, strict=True):
            analyst = _ANALYSTS[int(who * who * len(_ANALYSTS))]
            claimed = alert.raised_time + timedelta(hours=1 + 30 * hours)
            closed = claimed + timedelta(hours=1 + 20 * who)
            if claimed > self._until or chance < 0.02:
                chunk.alerts.append(alert)
                continue
            claim = life_cycle.move(alert, AlertStatus.INVESTIGATING, analyst, claimed)
            chunk.events += claim.events
            if closed > self._until or chance < 0.03:
                chunk.alerts.append(claim.alert)
                continue
            if kind < 0.15:
                target = AlertStatus.FALSE_POSITIVE if kind < 0.1 else AlertStatus.RESOLVED
                change = life_cycle.move(claim.alert, target, analyst, closed)
            else:
                decision = CaseDecision.FRAUD if kind > 0.72 else CaseDecision.LEGITIMATE
                notes = "Called the customer." if kind > 0.8 else ""
                change = life_cycle.decide(claim.alert, decision, analyst, notes, closed)
                self._decided(chunk, change.alert, notes, members[alert.alert_id])
            chunk.events += change.events
            chunk.alerts.append(change.alert)
            for part in rollup.closing(claim.alert, change.alert):
                self._add(part)

    def _decided(
        self, chunk: Chunk, alert: Alert, notes: str, members: list[AlertTransaction]
    ) -> None:
        decision, analyst, closed = alert.outcome, alert.assigned_to, alert.closed_time
        assert decision
        assert analyst
        assert closed
        fraud = decision is CaseDecision.FRAUD
        decision_id = f"dec_{alert.alert_id[4:]}"
        chunk.decisions.append(
            DecisionRecord(decision_id, alert.alert_id, decision, notes, analyst, 0.9, closed)
        )
        if notes:
            chunk.notes.append(
                Note(f"note_{alert.alert_id[4:]}", alert.alert_id, notes, analyst, closed)
            )
        if fraud:
            self._frauds[alert.account_id] += 1
        value = LabelValue.FRAUD if fraud else LabelValue.LEGITIMATE
        chunk.labels += [
            (member.transaction_id, label_id(decision_id, member), value, "ANALYST", closed)
            for member in members
        ]

    def _charge_back(self, chunk: Chunk) -> None:
        """Let one in a thousand of the other transactions come back as fraud, weeks later."""
        delays = self._generator.exponential(25, len(chunk.transactions)).tolist()
        for record, chance, delay in zip(
            chunk.transactions, self._generator.random(len(delays)).tolist(), delays, strict=True
        ):
            known = record.event_time + timedelta(days=5 + delay)
            if record.alert_id is None and chance < 0.001 and known < self._until:
                chunk.labels.append(
                    (record.transaction_id, f"cb-{record.transaction_id}", LabelValue.FRAUD,
                     "CHARGEBACK", known)
                )  # fmt: skip

    def _add(self, part: Rollup) -> None:
        kept = self.rollups.setdefault(part.hour, Rollup(hour=part.hour))
        for name in Rollup.__struct_fields__:
            if name != "hour":
                setattr(kept, name, getattr(kept, name) + getattr(part, name))


def label_rows(chunk: Chunk) -> list[tuple[Any, ...]]:
    """Return the rows of the table of labels, with what they take from the transactions."""
    by_id = {record.transaction_id: record for record in chunk.transactions}
    rows = []
    for row in chunk.labels:
        record = by_id[row[0]]
        rows.append(
            (*row, record.event_time, record.risk_score, record.alert_id is not None,
             record.model_version)
        )  # fmt: skip
    return rows


def as_rows(structs: list[Any]) -> list[tuple[Any, ...]]:
    """Return structs as rows."""
    return [msgspec.structs.astuple(each) for each in structs]


def _mixed(number: int) -> int:
    # An odd factor modulo 2**64 gives each number another one, as scattered as a random id.
    return number * 0x9E3779B97F4A7C15 % (1 << 64)


def _score(band: float, within: float) -> float:
    return next(low + (high - low) * within for share, low, high in _BANDS if band <= share)


def _severity(score: float) -> str:
    if score >= 80:
        return Severity.CRITICAL if score >= 95 else Severity.HIGH
    return Severity.MEDIUM if score >= 50 else Severity.LOW


def _decision(score: float) -> str:
    if score >= 80:
        return "DECLINE"
    return "REVIEW" if score >= 50 else "APPROVE"
