"""From a decision about an alert to the labels of its transactions, and on to the scoring server.

A label is put on the clock on which its transaction lives. For a transaction that was scored as it
happened this is the
wall clock: the label is known from the decision on. For replayed history the wall clock lies far
ahead of everything that
is still to come, so the label is known from the newest event time that the account or the merchant
has reached: the features that read it belong to these entities, and between that event and the
decision nothing happened to them. A label is never known before its transaction happened.
"""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from gateway.domain.alert import Alert, AlertTransaction, OutboxLabel
from gateway.domain.enumerations import CaseDecision, LabelValue
from gateway.domain.life_cycle import Change
from gateway.errors import GatewayError, InvalidArgumentError
from gateway.services.counting import count_reports, queued_report
from gateway.services.ports import Database, ScoringServer, Unit

# The protocol's bound on one ReportLabels call.
DELIVERY_SIZE_MAX = 1000
# Most transactions of one alert that get a label. A burst is cut off by its folding window long
# before.
_LABELLED_MAX = 100_000

_VALUES = {
    CaseDecision.FRAUD: LabelValue.FRAUD,
    CaseDecision.LEGITIMATE: LabelValue.LEGITIMATE,
}
_log = structlog.get_logger(__name__)


async def decided_labels(
    unit: Unit, alert: Alert, decision: CaseDecision, decision_id: str, now: datetime
) -> list[OutboxLabel]:
    """Return the labels that a decision gives to all transactions of an alert.

    REVIEW gives none.
    """
    value = _VALUES.get(decision)
    if value is None:
        return []
    return await _labels(unit, alert, value, decision_id, alert.assigned_to or "", now)


async def withdrawn_labels(unit: Unit, before: Alert, change: Change) -> list[OutboxLabel]:
    """Return the labels that take back what a decision said, when a decided alert was reopened."""
    reopened = change.alert.is_open and not before.is_open
    if not reopened or before.outcome is None:
        return []
    cause = f"{before.alert_id}:{change.alert.version}"
    analyst_id = change.events[-1].analyst_id
    now = change.alert.updated_time
    return await _labels(unit, change.alert, LabelValue.WITHDRAWN, cause, analyst_id, now)


async def _labels(
    unit: Unit, alert: Alert, value: LabelValue, cause: str, analyst_id: str, now: datetime
) -> list[OutboxLabel]:
    members = await unit.alerts.transactions(alert.alert_id, _LABELLED_MAX)
    lead = await unit.feed.transaction(alert.transaction_id)
    if lead is None or lead.is_live:
        clock = now
    else:
        reached = await unit.feed.last_event_time(lead.account_id, lead.merchant_id)
        clock = min(reached or lead.event_time, now)
    return [
        OutboxLabel(
            label_id(cause, member),
            member.transaction_id,
            value,
            max(clock, member.event_time),
            now,
            reported_by=analyst_id,
        )
        for member in members
    ]


def label_id(cause: str, member: AlertTransaction) -> str:
    """Return the id of a label.

    The same decision about the same transaction has the same one, always.
    """
    digest = hashlib.sha256(f"{cause}\n{member.transaction_id}".encode()).hexdigest()
    return f"lbl_{digest[:40]}"


class LabelDelivery:
    """Takes labels from the outbox to the scoring server."""

    def __init__(
        self, database: Database, scoring: ScoringServer, now: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._scoring = scoring
        self._now = now

    async def deliver(self) -> int:
        """Deliver what waits, oldest first; return how many labels were settled.

        They count here before they are sent, in the order in which they were said, whatever the
        server makes of them. A label that it refuses is set aside with the reason, so that it never
        holds up the others.

        Raises:
            UnavailableError: the server or the database is away; nothing is lost, call again later.
        """
        async with self._database.read() as unit:
            pending = await unit.outbox.pending(DELIVERY_SIZE_MAX)
        if not pending:
            return 0
        async with self._database.write() as unit:
            await count_reports(unit, [queued_report(label) for label in pending])
        try:
            await self._report(pending)
        except InvalidArgumentError:
            # One bad label fails the whole call: find it by sending each alone.
            for label in pending:
                await self._report_alone(label)
        return len(pending)

    async def _report_alone(self, label: OutboxLabel) -> None:
        try:
            await self._report([label])
        except InvalidArgumentError as error:
            _log.error("label_refused", label_id=label.label_id, fault=error.message)
            await self._settle({label.label_id: _text(error)}, refused=True)

    async def _report(self, labels: Sequence[OutboxLabel]) -> None:
        results = await self._scoring.report_labels(labels)
        unknown = sum(result == "UNKNOWN_TRANSACTION" for result in results.values())
        _log.info("labels_delivered", labels=len(results), unknown_transactions=unknown)
        await self._settle(results, refused=False)

    async def _settle(self, results: dict[str, str], *, refused: bool) -> None:
        async with self._database.write() as unit:
            await unit.outbox.settle(results, refused=refused, now=self._now())


def _text(error: GatewayError) -> str:
    faults = error.faults if isinstance(error, InvalidArgumentError) else ()
    return "; ".join(f"{fault.field}: {fault.message}" for fault in faults) or error.message
