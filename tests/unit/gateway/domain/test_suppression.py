from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain import intake, suppression
from gateway.domain.suppression import DURATION_MAX, SuppressedType, Suppression
from gateway.domain.transaction import TransactionRecord
from gateway.errors import ConflictError, InvalidArgumentError
from tests.support.alert_values import INGEST_TIME, REASON, transaction

DAY = timedelta(days=1)


def rule(suppression_id: str = "sup-1", **changes: Any) -> Suppression:
    values: dict[str, Any] = {
        "version": 1,
        "entity_type": SuppressedType.ACCOUNT,
        "entity_id": "account-1",
        "reason_code": None,
        "include_critical": False,
        "comment": "known",
        "created_by": "sue",
        "created_time": INGEST_TIME - DAY,
        "until_time": INGEST_TIME + DAY,
    }
    return Suppression(suppression_id=suppression_id, **(values | changes))


def hit_by(record: TransactionRecord, *rules: Suppression) -> list[str]:
    found = suppression.hits(intake.raising([record]), rules)
    return [hit.suppression_id for hit in found]


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("ACCOUNT", "account_id"),
        ("MERCHANT", "merchant_id"),
        ("DEVICE", "device_id"),
        ("INSTRUMENT", "instrument_id"),
        ("TRANSACTION", "transaction_id"),
    ],
)
def test_a_rule_fits_its_own_kind_of_entity_only(kind: str, field: str) -> None:
    record = msgspec.structs.replace(transaction(), **{field: "x-1"})
    found = [
        each for each in SuppressedType if hit_by(record, rule(entity_type=each, entity_id="x-1"))
    ]
    assert found == [SuppressedType(kind)]


def test_a_reason_narrows_the_rule() -> None:
    assert hit_by(transaction(), rule(reason_code=REASON.code)) == ["sup-1"]
    assert hit_by(transaction(), rule(reason_code="OTHER")) == []
    assert hit_by(transaction(reasons="[]"), rule(reason_code="RISK_SCORE")) == ["sup-1"]


def test_critical_is_held_back_only_where_the_rule_says_so() -> None:
    critical = transaction(severity="CRITICAL", risk_score=97.0)
    assert hit_by(critical, rule()) == []
    assert hit_by(critical, rule(include_critical=True)) == ["sup-1"]


@pytest.mark.parametrize(
    ("changes", "fits"),
    [
        ({"created_time": INGEST_TIME}, True),
        ({"created_time": INGEST_TIME + timedelta(microseconds=1)}, False),
        ({"until_time": INGEST_TIME}, False),
        ({"until_time": INGEST_TIME + timedelta(microseconds=1)}, True),
        ({"ended_time": INGEST_TIME}, False),
        ({"ended_time": INGEST_TIME + timedelta(microseconds=1)}, True),
    ],
)
def test_a_rule_holds_from_its_making_until_before_its_end(
    changes: dict[str, Any], *, fits: bool
) -> None:
    assert bool(hit_by(transaction(), rule(**changes))) is fits


def test_below_the_threshold_nothing_is_held_back() -> None:
    assert hit_by(transaction(alert_id=None), rule()) == []


def test_of_several_rules_the_oldest_counts_in_any_order() -> None:
    rules = [
        rule("b", created_time=INGEST_TIME - 2 * DAY),
        rule("a", created_time=INGEST_TIME - 2 * DAY),
        rule("c"),
    ]
    assert hit_by(transaction(), *rules) == hit_by(transaction(), *reversed(rules)) == ["a"]


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.booleans()), max_size=30))
def test_every_transaction_stays_and_raises_or_is_a_hit(
    items: list[tuple[int, bool, bool]],
) -> None:
    records = [
        transaction(
            f"tx-{index}",
            account_id=f"account-{account}",
            severity="CRITICAL" if critical else "HIGH",
            **({} if alerts else {"alert_id": None}),
        )
        for index, (account, critical, alerts) in enumerate(items)
    ]
    rules = [rule("one"), rule("two", entity_id="account-2", include_critical=True)]
    hits = suppression.hits(intake.raising(records), rules)
    left = suppression.without_alerts(records, hits)
    assert [each.transaction_id for each in left] == [each.transaction_id for each in records]
    raised = {item.transaction.transaction_id for item in intake.raising(left)}
    held = {hit.transaction_id for hit in hits}
    assert not raised & held
    assert raised | held == {item.transaction.transaction_id for item in intake.raising(records)}
    for before, after in zip(records, left, strict=True):
        expected_id = None if before.transaction_id in held else before.alert_id
        assert after == msgspec.structs.replace(before, alert_id=expected_id)


def test_end_date_must_be_ahead_but_not_too_far() -> None:
    for good in (timedelta(seconds=1), DURATION_MAX):
        suppression.require_end_date(INGEST_TIME + good, INGEST_TIME)
    for bad in (timedelta(0), -DAY, DURATION_MAX + timedelta(seconds=1)):
        with pytest.raises(InvalidArgumentError) as refused:
            suppression.require_end_date(INGEST_TIME + bad, INGEST_TIME)
        assert refused.value.faults[0].field == "until"


def test_changes_say_what_and_an_ended_rule_stays_ended() -> None:
    changed = suppression.amend(rule(), INGEST_TIME + 2 * DAY, None, "longer", "sue", INGEST_TIME)
    assert (changed.suppression.version, changed.event.action) == (2, "CHANGED")
    assert "->" in changed.event.detail
    ended = suppression.end(changed.suppression, "no more", "sam", INGEST_TIME).suppression
    assert not ended.holds_at(INGEST_TIME)
    for again in (
        lambda: suppression.end(ended, "x", "sam", INGEST_TIME),
        lambda: suppression.amend(ended, INGEST_TIME + DAY, None, "x", "sam", INGEST_TIME),
        lambda: suppression.end(rule(), "x", "sam", INGEST_TIME + DAY),
    ):
        with pytest.raises(ConflictError):
            again()
