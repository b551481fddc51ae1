"""Opens what is kept on the disk: journal and state, brought to agree, for one process or several.

The lock of the journal directory is taken first, and keeps a second server away from all the rest.
"""

from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog

from scoring_server.config import ScoringConfig
from scoring_server.engine.engine import Engine
from scoring_server.engine.recovery import is_current, recover
from scoring_server.errors import ConfigurationError
from scoring_server.journal.embedded import EmbeddedJournal
from scoring_server.journal.label_index import LabelIndex
from scoring_server.journal.merged import MergedJournal, worker_directories
from scoring_server.journal.signing import open_signing_key
from scoring_server.journal.writer_lock import open_for_writing
from scoring_server.kernels.settled import raise_sequence
from scoring_server.rpc.labels import read_label
from scoring_server.snapshotter import SNAPSHOT_DIRECTORY
from scoring_server.state.label_turn import LabelTurn
from scoring_server.state.opening import open_served_state
from scoring_server.state.seat import Seat
from scoring_server.state.shared_table import State, StateCapacities
from scoring_server.state.snapshots import Snapshots

_log = structlog.get_logger(__name__)

_JOURNAL = "journal"
_STATE = "state"
_LABELS = "labels.sqlite"
# From the end of the drain to the end of the process; chosen by us.
_END_S = 10.0


@dataclass(frozen=True, slots=True)
class Storage:
    """What one process serves from.

    Attributes:
        journal: all events; the process appends to its own of them.
        state: up to date.
        seat: its place among several workers; None when it is alone.
    """

    journal: EmbeddedJournal | MergedJournal
    state: State
    seat: Seat | None = None

    @property
    def own(self) -> EmbeddedJournal:
        """The journal that this process writes."""
        return self.journal.own if isinstance(self.journal, MergedJournal) else self.journal


def open_alone(config: ScoringConfig, opened: ExitStack) -> Storage:
    """Open all of it for this process, which is the only one; the state is clean once it is closed.

    Raises:
        ConfigurationError: another server uses it, or it cannot be opened as configured.
    """
    _lock(config, opened)
    own = _open_journal(config, 0, opened)
    journal: EmbeddedJournal | MergedJournal = own
    if len(worker_directories(own.directory.parent)) > 1:
        journal = MergedJournal(own)
        opened.callback(journal.close)
    state = _open_state(config, opened)
    _recover(state, journal, own.stored_sequence, config)
    state.unshare()
    opened.callback(state.mark_clean)
    return Storage(journal, state)


def prepare_shared(config: ScoringConfig, opened: ExitStack) -> State:
    """Bring state, journals and label index to agree, for workers that are started afterwards.

    Raises:
        ConfigurationError: another server uses it, or it cannot be opened as configured.
    """
    _lock(config, opened)
    state = _open_state(config, opened)
    with ExitStack() as meanwhile:
        owns = [
            _open_journal(config, worker, meanwhile) for worker in range(config.scoring_workers)
        ]
        given = max(each.last_sequence for each in owns)
        journal = MergedJournal(owns[0], given=given)
        meanwhile.callback(journal.close)
        stored = max(each.stored_sequence for each in owns)
        _recover(state, journal, stored, config)
        LabelIndex(config.data_dir / _LABELS, journal, read_label).close()
    state.share(begin=True)
    return state


def open_shared(config: ScoringConfig, worker: int, opened: ExitStack) -> Storage:
    """Open all of it for one worker, after prepare_shared in another process.

    Raises:
        ConfigurationError: it cannot be opened as configured.
    """
    # First, because its lock keeps a second process away from the place.
    own = _open_journal(config, worker, opened)
    state = _open_state(config, opened)
    state.share(begin=False)
    raise_sequence(state.tables[0], own.last_sequence)
    seat = Seat(state, worker)
    journal = MergedJournal(own, seat.settled)
    opened.callback(journal.close)
    return Storage(journal, state, seat)


def open_labels(
    config: ScoringConfig, storage: Storage, worker: int | None, opened: ExitStack
) -> tuple[LabelIndex, LabelTurn | None]:
    """Open the label index, up to date, and what must be held to use it."""
    path = config.data_dir / _LABELS
    if worker is None:
        index = LabelIndex(path, storage.journal, read_label)
        opened.callback(index.close)
        return index, None
    index = LabelIndex(path, storage.own, read_label, is_shared=True)
    opened.callback(index.close)
    turn = LabelTurn(storage.state, worker, lambda: index.is_behind)
    if turn.is_unfinished:
        # The one before died in it. What it has journaled may not be in the index yet.
        with turn():
            index.catch_up()
    return index, turn


def _lock(config: ScoringConfig, opened: ExitStack) -> None:
    lock = open_for_writing(_made(config.data_dir) / _JOURNAL)
    opened.callback(lock.release)


def _open_journal(config: ScoringConfig, worker: int, opened: ExitStack) -> EmbeddedJournal:
    journal = EmbeddedJournal(
        config.data_dir / _JOURNAL,
        sync_ms=config.journal_sync_ms,
        segment_events_max=config.journal_segment_events_max,
        worker=worker,
        signing_key=open_signing_key(config.data_dir, config.receipt_signing_key),
        checkpoint_events=config.receipt_checkpoint_events,
        # Whoever calls has the lock of the whole installation, so that only a worker whose
        # supervisor was killed can hold this one, and it is about to end.
        wait_s=config.limits.drain_s + _END_S,
    )
    opened.callback(journal.close)
    return journal


def _open_state(config: ScoringConfig, opened: ExitStack) -> State:
    capacities = StateCapacities(**asdict(config.capacities))
    state = open_served_state(config.data_dir / _STATE, capacities)
    opened.callback(state.close)
    return state


def _made(directory: Path) -> Path:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"DATA_DIR must be a directory to write to, {directory} is not: {error.strerror}",
            reason="DATA_DIR",
        ) from error
    return directory


def _recover(
    state: State,
    journal: EmbeddedJournal | MergedJournal,
    stored_sequence: int,
    config: ScoringConfig,
) -> None:
    engine = Engine(state, None)
    snapshots = Snapshots(config.data_dir / SNAPSHOT_DIRECTORY, state.capacities)
    if isinstance(journal, MergedJournal):
        stored_sequence = max(stored_sequence, journal.others_sequence)
    snapshots.drop_ahead(journal.journal_id, stored_sequence)
    if is_current(engine, journal):
        return
    if journal.last_sequence == 0 and engine.sequence == 0:
        # Nothing has happened here yet.
        return
    _log.info("recovering", journal_sequence=journal.last_sequence, state=engine.sequence)
    # What damage took is gone for good; what was dropped may lie in a backup.
    partial = config.recovery_partial or bool(journal.damaged_segments)
    folded = recover(engine, journal, snapshots, partial=partial)
    if journal.last_sequence > engine.sequence:
        # Damage or a power cut at the end: what was there keeps its numbers.
        state.header["sequence"] = journal.last_sequence
    _log.info("recovered", events=folded, sequence=engine.sequence)
