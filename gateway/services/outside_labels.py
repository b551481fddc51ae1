"""Taking in labels from outside, and telling what was said about a transaction.

A label counts here in the transaction that stores it, and goes to the scoring server by the outbox,
as decisions do. It comes back over the feed under its own id, which is known by then.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec import Struct

from gateway.domain.alert import OutboxLabel
from gateway.domain.labels import LabelReport, Standing
from gateway.domain.outside_labels import LABELS_MAX, OutsideLabel
from gateway.errors import ConflictError, NotFoundError
from gateway.services.analytics_ports import LabelDatabase, LabelUnit
from gateway.services.counting import count_reports

# Most labels of one transaction that are shown, and most conflicts that are named.
HISTORY_MAX = 1_000
_CONFLICTS_SHOWN_MAX = 100


class Taken(Struct, frozen=True):
    """What became of labels, in the order in which they came.

    Attributes:
        accepted: those that were new.
        repeated: those that had been said before; they change nothing.
    """

    label_ids: list[str]
    accepted: int
    repeated: int


class Said(Struct, frozen=True):
    """What was said about a transaction, the newest HISTORY_MAX, the one that counts last."""

    standing: Standing | None
    history: list[LabelReport]


class OutsideLabelService:
    """The use cases of labels from outside."""

    def __init__(
        self,
        database: LabelDatabase,
        now: Callable[[], datetime],
        new_id: Callable[[str], str],
        label_wake: Callable[[], None],
    ) -> None:
        self._database = database
        self._now = now
        self._new_id = new_id
        self._label_wake = label_wake

    async def report(
        self, labels: Sequence[OutsideLabel], reporter: str, places: Sequence[str]
    ) -> Taken:
        """Take labels in; nothing of them when one of them contradicts what its id said before.

        More than LABELS_MAX are stored in several transactions. All are compared before the first
        of them, and a repetition changes nothing, so after a failure the whole may be sent again.

        Args:
            labels: checked one by one.
            reporter: who sends them.
            places: where each of them stands, for the message of a conflict.

        Raises:
            ConflictError: a reference was used before for something else.
        """
        ids = [label.label_id(self._new_id("lbl")) for label in labels]
        named = list(zip(ids, labels, strict=True))
        await self._require_no_conflict(named, places)
        accepted = 0
        for batch in _batches(named):
            accepted += await self._take(batch, reporter)
        if accepted:
            self._label_wake()
        return Taken(ids, accepted, len(labels) - accepted)

    async def said(self, transaction_id: str) -> Said:
        """Return what was said about a transaction.

        Raises:
            NotFoundError: nothing was said about it, and it is not known.
        """
        async with self._database.read() as unit:
            history = (await unit.labels.history([transaction_id])).get(transaction_id, [])
            standing = (await unit.labels.standings([transaction_id])).get(transaction_id)
            if not history and await unit.feed.transaction(transaction_id) is None:
                raise NotFoundError(
                    "no such transaction", details={"transaction_id": transaction_id}
                )
        return Said(standing, history[-HISTORY_MAX:])

    async def _require_no_conflict(
        self, named: Sequence[tuple[str, OutsideLabel]], places: Sequence[str]
    ) -> None:
        stored: dict[str, LabelReport] = {}
        async with self._database.read() as unit:
            for batch in _batches(named):
                stored |= await unit.labels.reports([name for name, _ in batch])
        first: dict[str, OutsideLabel] = {}
        faults = []
        for (name, label), place in zip(named, places, strict=True):
            known = stored.get(name)
            earlier = first.setdefault(name, label)
            if (known is not None and not label.repeats(known)) or earlier != label:
                faults.append((place, label.reference))
        _refuse(faults)

    async def _take(self, batch: Sequence[tuple[str, OutsideLabel]], reporter: str) -> int:
        now = self._now()
        async with self._database.write() as unit:
            await unit.labels.lock()
            stored = await unit.labels.reports([name for name, _ in batch])
            new = {name: label for name, label in batch if name not in stored}
            # Somebody else may have used a reference since they were compared.
            _refuse(
                [
                    ("reference", label.reference)
                    for name, label in batch
                    if name in stored and not label.repeats(stored[name])
                ]
            )
            reports = [
                LabelReport(
                    name,
                    label.transaction_id,
                    label.value,
                    label.source,
                    label.known_time or await _clock(unit, label.transaction_id, now),
                    now,
                    reporter,
                    label.reference,
                )
                for name, label in new.items()
            ]
            await count_reports(unit, reports)
            await unit.outbox.add(
                [
                    OutboxLabel(
                        report.label_id,
                        report.transaction_id,
                        report.value,
                        report.known_time,
                        now,
                        report.source,
                        reporter,
                    )
                    for report in reports
                ]
            )
        return len(new)


def _refuse(conflicts: Sequence[tuple[str, str]]) -> None:
    if not conflicts:
        return
    raise ConflictError(
        "a reference was used before for something else; these labels were not taken in",
        reason="CONTENT_DIFFERS",
        details={
            "fields": [
                {"field": place, "message": f"reference {reference!r} was used for another label"}
                for place, reference in conflicts[:_CONFLICTS_SHOWN_MAX]
            ],
            "faults": len(conflicts),
        },
    )


async def _clock(unit: LabelUnit, transaction_id: str, now: datetime) -> datetime:
    """Return now on the clock of a transaction; see services/labelling.py."""
    transaction = await unit.feed.transaction(transaction_id)
    if transaction is None or transaction.is_live:
        return now
    reached = await unit.feed.last_event_time(transaction.account_id, transaction.merchant_id)
    return max(min(reached or now, now), transaction.event_time)


def _batches(
    named: Sequence[tuple[str, OutsideLabel]],
) -> list[Sequence[tuple[str, OutsideLabel]]]:
    return [named[start : start + LABELS_MAX] for start in range(0, len(named), LABELS_MAX)]
