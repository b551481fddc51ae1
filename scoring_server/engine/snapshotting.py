"""Making a snapshot: fold the journal into the slot whose turn it is, beside the live state.

The live state is not looked at, so nothing here can hold up scoring, and the result is by
construction what recovery from the whole journal would give.
"""

from typing import Protocol

from scoring_server.engine.engine import Engine
from scoring_server.engine.recovery import Events, Progress, fold
from scoring_server.state.snapshots import Snapshot, Snapshots


class SyncedEvents(Events, Protocol):
    """Events that can be made to survive a power cut."""

    def sync(self) -> None:
        """Make all of them survive."""


def take_snapshot(
    journal: SyncedEvents, snapshots: Snapshots, progress: Progress = lambda _a, _b: None
) -> Snapshot | None:
    """Bring the older slot up to the journal's end and publish it; None when there is no need.

    Cost: about two microseconds an event since the slot's last turn, and reading all that the
    state holds once for its checksums.

    Raises:
        OSError: the slot cannot be written; the other one is as good as before.
    """
    until = journal.last_sequence
    newest = next(iter(snapshots.listed(journal.journal_id)), None)
    if until == 0 or (newest is not None and newest.sequence >= until):
        return None
    state = snapshots.begin(journal.journal_id)
    engine = Engine(state, None)
    fold(engine, journal, state.sequence, until, progress)
    # A power cut must not take an event that the snapshot holds: its number is not given again, and
    # the events of other workers after it may survive.
    journal.sync()
    return snapshots.publish(state, journal.journal_id)
