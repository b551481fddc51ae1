from datetime import timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain import intake
from gateway.domain.transaction import TransactionRecord
from tests.support.alert_values import EVENT_TIME, REASON, alert, transaction

WINDOW = timedelta(minutes=10)


def raised(transactions: list[TransactionRecord]) -> list[intake.Raising]:
    return intake.raising(transactions)


def test_first_event_of_an_id_counts_once() -> None:
    one, again, known = (
        transaction("tx-1"),
        transaction("tx-1", risk_score=1.0),
        transaction("tx-2"),
    )
    assert intake.first_of_each([one, again, known], {"tx-2"}) == [one]


def test_alert_without_reasons_tells_its_score() -> None:
    plan = intake.plan_alerts(raised([transaction(reasons="[]")]), [], {}, WINDOW)
    assert plan.new[0].leading_reason == "RISK_SCORE"
    assert "85.5" in plan.new[0].description


def test_other_account_reason_or_time_is_another_alert() -> None:
    other_reason = msgspec.structs.replace(REASON, code="ACCOUNT_VELOCITY")
    plan = intake.plan_alerts(
        raised(
            [
                transaction("tx-1"),
                transaction("tx-2", account_id="account-2"),
                transaction("tx-3", reasons=msgspec.json.encode([other_reason]).decode()),
                transaction("tx-4", event_time=EVENT_TIME + WINDOW),
                transaction("tx-5", event_time=EVENT_TIME - timedelta(seconds=1)),
            ]
        ),
        [],
        {"account-2": 3},
        WINDOW,
    )
    assert len(plan.new) == 5
    assert [each.fraud_count for each in plan.new] == [0, 3, 0, 0, 0]
    assert plan.folded == []


def test_newcomer_folds_into_a_stored_alert() -> None:
    stored = alert("tx-1")
    plan = intake.plan_alerts(
        raised(
            [
                transaction(
                    "tx-2",
                    event_time=EVENT_TIME + timedelta(minutes=9),
                    risk_score=97.0,
                    severity="CRITICAL",
                )
            ]
        ),
        [stored],
        {},
        WINDOW,
    )
    assert plan.new == []
    (folded,) = plan.folded
    assert folded.alert_id == stored.alert_id
    assert folded.severity == "CRITICAL"
    assert folded.transaction_id == "tx-2"
    assert folded.transaction_count == 2
    assert folded.version == stored.version
    assert folded.response_deadline == stored.raised_time + timedelta(minutes=15)
    assert folded.queue_rank > stored.queue_rank
    assert plan.members[0].alert_id == stored.alert_id
    assert plan.members[0].raised_alert_id == "alr_tx-2"
    (event,) = plan.events
    assert (event.alert_id, event.action, event.new_status) == (
        stored.alert_id,
        "FOLDED",
        stored.status,
    )


def test_burst_is_told_once_a_batch_with_its_count() -> None:
    stored = alert("tx-1", account_id="account-2")
    batch = [transaction(f"tx-{n}") for n in (2, 3, 4)]
    batch += [transaction(f"tx-{n}", account_id="account-2") for n in (5, 6)]
    plan = intake.plan_alerts(raised(batch), [stored], {}, WINDOW)
    told = [(event.alert_id, event.action, event.content) for event in plan.events]
    # What folds into an alert that is new itself is counted in what is told as raised.
    assert told[0][:2] == ("alr_tx-2", "RAISED")
    assert told[1:] == [(stored.alert_id, "FOLDED", "2 transactions were folded in")]
    assert plan.new[0].transaction_count == 3


def test_closed_alert_takes_nothing_in() -> None:
    closed = msgspec.structs.replace(alert("tx-1"), is_open=False)
    plan = intake.plan_alerts(raised([transaction("tx-2")]), [closed], {}, WINDOW)
    assert [each.alert_id for each in plan.new] == ["alr_tx-2"]


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 3_000), st.floats(50, 100)),
        min_size=1,
        max_size=40,
    )
)
def test_every_transaction_stays_listed_on_one_alert(
    items: list[tuple[int, int, float]],
) -> None:
    transactions = [
        transaction(
            f"tx-{index}",
            account_id=f"account-{account}",
            event_time=EVENT_TIME + timedelta(seconds=seconds),
            risk_score=risk,
        )
        for index, (account, seconds, risk) in enumerate(items)
    ]
    plan = intake.plan_alerts(raised(transactions), [], {}, WINDOW)
    assert [member.transaction_id for member in plan.members] == [
        each.transaction_id for each in transactions
    ]
    by_alert = {each.alert_id: each for each in plan.new}
    for alert_id, each in by_alert.items():
        members = [member for member in plan.members if member.alert_id == alert_id]
        assert each.transaction_count == len(members)
        assert each.risk_score == max(member.risk_score for member in members)
        times = [member.event_time for member in members]
        assert max(times) - min(times) < WINDOW
    assert len(plan.events) == len(plan.new)
