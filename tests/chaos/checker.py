"""Compares what clients were told with what the journal, the database and the state hold."""

from collections.abc import Iterator
from dataclasses import dataclass

import click
import numpy as np
from anomaly.v1.event_service_pb2 import Event
from numpy.typing import NDArray

from scoring_server.engine.engine import Engine
from scoring_server.engine.recovery import fold
from scoring_server.journal.journal import KIND_TRANSACTION, JournalRecord
from scoring_server.journal.reader import JournalReader
from scoring_server.state.shared_table import open_state
from tests.chaos.installation import CAPACITIES, Installation
from tests.chaos.load import Told
from tests.support.product import wait_for
from tests.support.state_tables import by_key, knows_all

_TABLES = ("header", "accounts", "merchants", "devices", "peers", "instruments", "markets", "guard")
# Of the header; what else it holds is of the process, not of the events.
_COUNTERS = ("sequence", "occupied_count", "guard_generation", "guard_count", "guard_limit")


@dataclass
class Report:
    """Sums over rounds; all is well when there are no faults."""

    rounds: int = 0
    transactions: int = 0
    lost: int = 0
    doubled: int = 0
    alerts_missing: int = 0
    state_equal: bool = True

    @property
    def is_good(self) -> bool:
        return not (self.lost or self.doubled or self.alerts_missing) and self.state_equal


def check(installation: Installation, report: Report) -> None:
    """Look at everything while nothing is under way, and add to the report."""
    installation.load.pause()
    reader = JournalReader(installation.data_dir / "journal")
    try:
        journaled, labels, doubled = _journaled(reader)
        _wait_for_database(installation, reader.last_sequence)
        told = installation.load.told
        stored = dict(
            installation.database.rows("SELECT transaction_id, sequence FROM transactions")
        )
        raised = dict(
            installation.database.rows(
                "SELECT transaction_id, raised_alert_id FROM alert_transactions"
            )
        )
        report.rounds += 1
        report.transactions = len(told)
        report.lost += sum(journaled.get(each) != what for each, what in told.items())
        report.lost += sum(stored.get(each) != what.sequence for each, what in told.items())
        report.lost += len(installation.load.labels - labels.keys())
        report.doubled += doubled + len(installation.load.contradictions)
        report.doubled += sum(count > 1 for count in labels.values())
        # Nobody was told of these, and everybody was told something.
        report.doubled += len(journaled.keys() - told.keys()) + len(stored.keys() - told.keys())
        report.alerts_missing += sum(
            raised.get(each) != what.alert_id for each, what in told.items() if what.alert_id
        )
        report.state_equal &= _state_equal(installation, reader)
    finally:
        reader.close()


def _journaled(reader: JournalReader) -> tuple[dict[str, Told], dict[str, int], int]:
    """Return the transactions, how often each label came, and how many transactions came twice."""
    transactions: dict[str, Told] = {}
    labels: dict[str, int] = {}
    count = 0
    for record in _records(reader):
        event = Event.FromString(record.payload)
        if record.kind == KIND_TRANSACTION:
            result = event.scored_transaction.result
            told = Told(result.sequence, result.risk_score, result.alert_id)
            transactions[result.transaction_id] = told
            count += 1
        else:
            labels[event.label.label_id] = labels.get(event.label.label_id, 0) + 1
    return transactions, labels, count - len(transactions)


def _wait_for_database(installation: Installation, sequence: int) -> None:
    wait_for(
        f"event {sequence} in the database",
        lambda: (
            installation.database.rows("SELECT max(sequence) FROM feed_position")[0][0] == sequence
        ),
    )


def _state_equal(installation: Installation, reader: JournalReader) -> bool:
    """Fold all events into an empty state, and compare it with what is served from.

    Every byte of it with one worker, every record with several.
    """
    anew = open_state(None, CAPACITIES)
    fold(Engine(anew, None), reader, 0, reader.last_sequence)
    served = open_state(None, CAPACITIES)
    equal = True
    for name, table, expected in zip(_TABLES, served.tables, anew.tables, strict=True):
        path = installation.data_dir / "state" / f"{name}.table"
        table[...] = np.fromfile(path, table.dtype).reshape(table.shape)
        if installation.workers > 1:
            same = _same_records(name, table, expected)
        elif name == "header":
            same = all((table[each] == expected[each]).all() for each in _COUNTERS)
        else:
            same = table.tobytes() == expected.tobytes()
        if not same:
            click.echo(f"the table {name} differs from the fold of all events")
        equal &= same
    return equal and knows_all(served, _transactions(reader))


def _same_records(name: str, table: NDArray, expected: NDArray) -> bool:
    if name == "guard":
        # Looked at by what it answers.
        return True
    if name == "header":
        return bool((table["sequence"] == expected["sequence"]).all())
    return by_key(table) == by_key(expected)


def _transactions(reader: JournalReader) -> list[JournalRecord]:
    return [record for record in _records(reader) if record.kind == KIND_TRANSACTION]


def _records(reader: JournalReader) -> Iterator[JournalRecord]:
    after = 0
    while records := reader.read(after, 4_096):
        after = records[-1].sequence
        yield from records
