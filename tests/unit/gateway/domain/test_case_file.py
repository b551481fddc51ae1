from datetime import timedelta
from typing import Any

import msgspec
import pytest

from gateway.domain import case_file
from gateway.domain.alert import Alert
from gateway.domain.case_file import ALERTS_MAX, CaseEdit, CaseFile, CaseStatus
from gateway.errors import ConflictError, InvalidArgumentError
from tests.support.alert_values import INGEST_TIME, alert

NOW = INGEST_TIME + timedelta(hours=1)


def case(**changes: Any) -> CaseFile:
    values: dict[str, Any] = {
        "case_id": "case-1",
        "version": 1,
        "status": CaseStatus.OPEN,
        "title": "mules",
        "owner_id": "account-1",
        "assigned_to": None,
        "alert_count": 0,
        "created_by": "ann",
        "created_time": INGEST_TIME,
        "updated_time": INGEST_TIME,
    }
    return CaseFile(**(values | changes))


def of(account_id: str, owner_id: str | None = None, name: str = "") -> Alert:
    return alert(name or f"tx-{account_id}", account_id=account_id, owner_id=owner_id)


def test_payments_and_trades_of_one_owner_belong_together() -> None:
    # A payment of the owner's own account, trades of two accounts of his, a payment of one of them.
    alerts = [of("olga"), of("t-1", "olga"), of("t-2", "olga"), of("t-2", name="tx-9")]
    change = case_file.start(case(), alerts)
    assert change.case.alert_count == 4
    assert [event.action for event in change.events] == ["OPENED"] + ["ALERT_ADDED"] * 4


def test_alerts_are_joined_through_each_other_in_any_order() -> None:
    # The first and the last have nothing in common but the one between.
    chain = [of("t-1"), of("t-2", "olga"), of("t-1", "olga", "tx-9")]
    for order in (chain, chain[::-1], [chain[1], chain[0], chain[2]]):
        assert case_file.start(case(), order).case.alert_count == 3


def test_a_stranger_is_named() -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        case_file.start(case(), [of("a"), of("b"), of("a", name="tx-2")])
    (fault,) = refused.value.faults
    assert fault.field == "alert_ids"
    assert "alr_tx-b" in fault.message
    assert "alr_tx-2" not in fault.message


def test_regroup_adds_and_removes_once() -> None:
    first, second = of("account-1", name="tx-1"), of("account-1", name="tx-2")
    change = case_file.regroup(
        case(alert_count=1), [first], [first, second], frozenset({first.alert_id}), "ann", NOW
    )
    assert (change.added, change.removed) == ((second.alert_id,), (first.alert_id,))
    assert (change.case.alert_count, change.case.version) == (1, 2)
    assert [(event.action, event.alert_id) for event in change.events] == [
        ("ALERT_ADDED", second.alert_id),
        ("ALERT_REMOVED", first.alert_id),
    ]
    same = case_file.regroup(case(), [first], [first], frozenset({"alr_other"}), "ann", NOW)
    assert same == case_file.CaseChange(case(), ())


def test_regroup_refuses_strangers_too_many_and_a_closed_case() -> None:
    with pytest.raises(InvalidArgumentError):
        case_file.regroup(case(), [], [of("b")], frozenset(), "ann", NOW)
    many = [of("account-1", name=f"tx-{number}") for number in range(ALERTS_MAX + 1)]
    with pytest.raises(InvalidArgumentError) as refused:
        case_file.regroup(case(), many[:-1], many[-1:], frozenset(), "ann", NOW)
    assert refused.value.faults[0].field == "add"
    with pytest.raises(ConflictError) as closed:
        case_file.regroup(case(status=CaseStatus.CLOSED), [], many[:1], frozenset(), "ann", NOW)
    assert closed.value.reason == "CASE_CLOSED"


def test_edit_tells_each_change_and_closing_is_once() -> None:
    asked = CaseEdit(status=CaseStatus.CLOSED, title="ring", assigned_to="bob", comment="solved")
    change = case_file.edit(case(assigned_to="ann"), asked, "sue", NOW)
    assert change.case == msgspec.structs.replace(
        case(),
        version=2,
        status=CaseStatus.CLOSED,
        title="ring",
        assigned_to="bob",
        updated_time=NOW,
        closed_time=NOW,
    )
    assert [(event.action, event.content) for event in change.events] == [
        ("RENAMED", "ring"),
        ("ASSIGNED", "to bob instead of ann"),
        ("CLOSED", "solved"),
    ]
    with pytest.raises(ConflictError):
        case_file.edit(change.case, CaseEdit(status=CaseStatus.CLOSED), "sue", NOW)
    renamed = case_file.edit(change.case, CaseEdit(title="rings"), "sue", NOW + timedelta(1)).case
    assert renamed.closed_time == NOW
    reopened = case_file.edit(renamed, CaseEdit(status=CaseStatus.OPEN), "sue", NOW)
    assert reopened.case.closed_time is None
    assert case_file.edit(case(), CaseEdit(title="mules"), "sue", NOW).events == ()
