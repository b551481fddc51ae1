"""Keeping the counts of analytics right as transactions and labels come in.

All of it happens under one lock, in the transaction that stores what is counted. So a label that
comes at the same time as its transaction either finds it, or is found by it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from gateway.domain.alert import OutboxLabel
from gateway.domain.labels import Facts, LabelReport, Standing, standing_of
from gateway.domain.performance import Tally
from gateway.domain.transaction import LabelRecord, TransactionRecord
from gateway.services.analytics_ports import CountingUnit


async def count_feed(
    unit: CountingUnit, new: Sequence[TransactionRecord], reports: Sequence[LabelReport]
) -> None:
    """Count transactions that were stored just now, then labels, in one go."""
    if not new and not reports:
        return
    await unit.labels.lock()
    tally = Tally()
    await _count_transactions(unit, tally, new)
    await _count_reports(unit, tally, reports)
    await unit.performance.add(tally)


async def count_reports(unit: CountingUnit, reports: Sequence[LabelReport]) -> int:
    """Store and count labels; return how many were new. A report whose id is known does nothing."""
    await unit.labels.lock()
    tally = Tally()
    new = await _count_reports(unit, tally, reports)
    await unit.performance.add(tally)
    return new


async def _count_transactions(
    unit: CountingUnit, tally: Tally, new: Sequence[TransactionRecord]
) -> None:
    if not new:
        return
    waiting = await unit.labels.standings([record.transaction_id for record in new])
    known = {record.transaction_id: facts_of(record) for record in new}
    for transaction_id, facts in known.items():
        tally.transaction(facts, waiting.get(transaction_id))
    await _settle(unit, sorted(waiting), known)


async def _count_reports(unit: CountingUnit, tally: Tally, reports: Sequence[LabelReport]) -> int:
    new = await unit.labels.add_reports(reports)
    if not new:
        return 0
    ids = sorted({report.transaction_id for report in new})
    before = await unit.labels.standings(ids)
    # What was counted once is moved as it was counted, also when the transaction is kept no more.
    known = {name: standing.facts for name, standing in before.items() if standing.facts}
    known |= await unit.labels.facts([name for name in ids if name not in known])
    for standing in await _settle(unit, ids, known):
        if standing.facts is not None:
            tally.relabel(standing.facts, before.get(standing.transaction_id), standing)
    return len(new)


async def _settle(
    unit: CountingUnit, ids: Sequence[str], known: Mapping[str, Facts]
) -> list[Standing]:
    histories = await unit.labels.history(ids) if ids else {}
    standings = [standing_of(histories[name], known.get(name)) for name in ids]
    await unit.labels.put(standings)
    return standings


def fed_report(record: LabelRecord, now: datetime) -> LabelReport:
    """Return a label that came over the feed as it is stored."""
    return LabelReport(
        record.label_id,
        record.transaction_id,
        record.value,
        record.source,
        record.known_time,
        now,
        "",
        "",
    )


def queued_report(label: OutboxLabel) -> LabelReport:
    """Return a label that waits for the scoring server as it is stored."""
    return LabelReport(
        label.label_id,
        label.transaction_id,
        label.value,
        label.source,
        label.known_time,
        label.created_time,
        label.reported_by,
        "",
    )


def facts_of(record: TransactionRecord) -> Facts:
    """Return what is counted of a transaction."""
    return Facts(
        record.event_time,
        record.kind,
        record.model_version,
        record.currency,
        record.amount_minor,
        record.risk_score,
        record.alert_id is not None,
    )
