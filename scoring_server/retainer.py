"""Drops files of the journal that are beyond the retention limits and that nobody needs."""

from dataclasses import asdict

import structlog

from scoring_server.clock import wall_time_ns
from scoring_server.config import ScoringConfig
from scoring_server.errors import ScoringError
from scoring_server.journal.embedded import EmbeddedJournal
from scoring_server.journal.merged import MergedJournal
from scoring_server.journal.positions import Positions
from scoring_server.journal.retention import Retention
from scoring_server.snapshotter import SNAPSHOT_DIRECTORY
from scoring_server.state.shared_table import StateCapacities
from scoring_server.state.snapshots import Snapshots

_log = structlog.get_logger(__name__)


class Retainer:
    """Knows who still needs what: subscribers, recovery, and repetitions of transactions."""

    def __init__(
        self,
        config: ScoringConfig,
        journal: EmbeddedJournal | MergedJournal,
        positions: Positions,
    ) -> None:
        capacities = StateCapacities(**asdict(config.capacities))
        self._snapshots = Snapshots(config.data_dir / SNAPSHOT_DIRECTORY, capacities)
        # Each worker drops files of its own.
        size_bytes = config.journal_size_bytes_max // config.scoring_workers
        self._retention = Retention(config.journal_retention_days, size_bytes)
        # The replay guard knows up to twice as many ids as it promises.
        self._replay_ids = 2 * config.capacities.replay_ids
        self._journal = journal
        self._positions = positions

    def needed_after(self) -> int:
        """Return the sequence up to which nobody needs the journal any more."""
        kept = self._snapshots.listed(self._journal.journal_id)
        # With both slots whole one of them may be damaged and recovery still finds all it needs.
        recovery = kept[-1].sequence if len(kept) > 1 else 0
        repetitions = max(self._journal.last_sequence - self._replay_ids, 0)
        return min(recovery, repetitions, self._positions.lowest)

    def tidy(self) -> None:
        """Drop what may go. What cannot be removed now is tried again the next time."""
        if self._retention.keeps_all:
            return
        needed_after = self.needed_after()
        try:
            dropped = self._journal.drop(self._retention, needed_after, wall_time_ns())
        except (OSError, ScoringError) as error:
            _log.warning("journal_not_tidied", error=str(error))
            return
        if dropped:
            _log.info(
                "journal_tidied", segments=dropped, first_sequence=self._journal.first_sequence
            )
