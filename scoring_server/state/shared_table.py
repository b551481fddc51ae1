"""The state as memory-mapped files that every worker process maps alike.

One file a table, its space reserved when it is opened, so that a full disk cannot end the process
that writes to it. The files outlive the process, so a restart after a clean stop continues where it
was. The state is nothing but the fold of the journal: whatever does not
fit any more (another capacity, another layout, an unclean stop in the middle of a change) is
thrown away and rebuilt from there.
"""

import json
import mmap
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring_server.clock import monotonic_ns
from scoring_server.kernels import dtypes
from scoring_server.kernels.table import PROBE_MAX
from scoring_server.kernels.undo import WORKER
from scoring_server.state.sparse_files import copy_file, reserve

_MAGIC = 0x314C414D4F4E41  # "ANOMAL1" in little-endian letters
_META = "state.json"
HEADER_FILE = "header.table"
WORKERS_FILE = "workers.table"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class StateCapacities:
    """How many records each table has room for; rounded up to a power of two, at least 64.

    Attributes:
        accounts: paying and trading accounts, 1.2 KiB each.
        merchants: payees (terminals, merchants, receiving accounts), 1.2 KiB each.
        devices: devices, 1.2 KiB each.
        peers: peer groups, 64 bytes each.
        instruments: instruments, 1.75 KiB each.
        replay_ids: transaction ids that the replay guard knows at least, 128 to 256 bytes each.
    """

    accounts: int = 1_000_000
    merchants: int = 200_000
    devices: int = 500_000
    peers: int = 16_384
    instruments: int = 20_000
    replay_ids: int = 1_000_000


def _slots(count: int) -> int:
    return max(1 << (count - 1).bit_length(), 2 * PROBE_MAX)


def _shapes(capacities: StateCapacities) -> dict[str, tuple[np.dtype[Any], tuple[int, ...]]]:
    entities = {
        name: (dtypes.ENTITY, (_slots(getattr(capacities, name)),))
        for name in ("accounts", "merchants", "devices", "instruments")
    }
    # The order is that of the kernels' arguments.
    return {
        "header": (dtypes.HEADER, (1,)),
        "accounts": entities["accounts"],
        "merchants": entities["merchants"],
        "devices": entities["devices"],
        "peers": (dtypes.PEER, (_slots(capacities.peers),)),
        "instruments": entities["instruments"],
        "markets": (dtypes.MARKET, (_slots(capacities.instruments),)),
        # At most half full, so that a probe ends soon.
        "guard": (dtypes.GUARD, (2, _slots(2 * capacities.replay_ids))),
    }


def _boot() -> int:
    """Return a number that names this boot of the machine.

    Memory-mapped pages survive until it ends, whatever happens to the process.
    """
    try:
        return uuid.UUID(_BOOT_ID.read_text(encoding="ascii").strip()).int & (1 << 63) - 1
    except (OSError, ValueError):
        # No such file off Linux; then only a clean stop counts.
        return monotonic_ns()


class State:
    """All tables of one installation, and the counters they share.

    Attributes:
        tables: header, accounts, merchants, devices, peers, instruments, markets, guard, in the
            order that the kernels take them.
        workers: what each process that shares the state notes for the case of its death; empty for
            a state that one process has to itself.
        was_clean: whether the last process that had the state open closed it cleanly.
        was_whole: whether every change found is complete: closed cleanly, or left by a process that
            died outside the kernels since this boot of the machine.
    """

    def __init__(
        self, directory: Path | None, capacities: StateCapacities, *, reserved: bool
    ) -> None:
        """Open or create the state; see open_state."""
        self.directory = directory
        self._reserved = reserved
        self.capacities = capacities
        self._shapes = _shapes(capacities)
        self._maps: list[mmap.mmap] = []
        self.tables: tuple[NDArray[Any], ...] = ()
        self.workers: NDArray[Any] = np.zeros(0, WORKER)
        self.was_clean = False
        self.was_whole = False
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True)
        if directory is None or not self._fits(directory):
            self.reset()
        else:
            self._map_all()
            self.was_clean = bool(self.header["clean"])
            died_idle = self.header["boot"] == _boot() and not self.header["busy"].any()
            died_idle &= not self._owes_events()
            self.was_whole = self.was_clean or died_idle
            self.header["clean"] = 0
            self.header["boot"] = _boot()

    @property
    def header(self) -> NDArray[Any]:
        """The HEADER record as a 0-dimensional view."""
        view: NDArray[Any] = self.tables[0][0]
        return view

    @property
    def sequence(self) -> int:
        """Sequence of the last event that the state has taken in."""
        return int(self.header["sequence"])

    def reset(self) -> None:
        """Empty every table. A file is replaced, so that old pages cost nothing."""
        # Before anything is reserved, because what is mapped still takes its space.
        self.close()
        if self.directory is None:
            self.tables = tuple(np.zeros(shape, dtype) for dtype, shape in self._shapes.values())
        else:
            for name in self._shapes:
                self._path(name).unlink(missing_ok=True)
                self._path(name).touch()
            self._map_all()
            meta = {"layout_version": dtypes.LAYOUT_VERSION, **asdict(self.capacities)}
            (self.directory / _META).write_text(json.dumps(meta, indent=2), encoding="utf-8")
        header = self.header
        header["magic"] = _MAGIC
        header["layout_version"] = dtypes.LAYOUT_VERSION
        header["boot"] = _boot()
        # Generation 0 is what an untouched slot holds, and 1 looks back at 0: start at 2, which the
        # guard's kernel knows.
        header["guard_generation"] = 2
        header["guard_limit"] = self.capacities.replay_ids

    def replace_with(self, directory: Path) -> None:
        """Become a copy of the state whose files lie in `directory`, of the same capacities.

        Raises:
            OSError: they cannot be read, or ours not be written.
        """
        assert self.directory is not None
        self.reset()
        self.close()
        names = list(self._shapes)
        for name in names[1:]:
            self._path(name).unlink()
            copy_file(directory / self._path(name).name, self._path(name))
        self._map_all()
        # Last and never as a clean one: until then the state counts as empty.
        content = (directory / self._path(names[0]).name).read_bytes()
        header = np.frombuffer(content, dtypes.HEADER).copy()
        header["clean"] = 0
        header["boot"] = _boot()
        self.tables[0][:] = header

    def share(self, *, begin: bool) -> None:
        """Make ready for several processes. The state must be up to date.

        Args:
            begin: whether this is the first of them, whose notes begin empty.

        Raises:
            OSError: the file of the notes cannot be made, or is not there though another began.
        """
        assert self.directory is not None
        path = self.directory / WORKERS_FILE
        if begin:
            path.unlink(missing_ok=True)
            path.touch()
        reserve(self.directory, {path: WORKER.itemsize * dtypes.WORKER_COUNT_MAX})
        self.workers = _map_file(path, WORKER, (dtypes.WORKER_COUNT_MAX,))[1]

    def unshare(self) -> None:
        """Make ready for this process alone."""
        assert self.directory is not None
        self.workers = np.zeros(0, WORKER)
        (self.directory / WORKERS_FILE).unlink(missing_ok=True)

    def fill_ratios(self) -> dict[str, float]:
        """Return the occupied share of each table that entities live in, 0 to 1."""
        names = list(self._shapes)[1:-1]
        occupied = self.header["occupied_count"]
        return {
            name: float(occupied[index]) / self.tables[index + 1].shape[0]
            for index, name in enumerate(names)
        }

    def flush(self) -> None:
        """Write all changed pages to the disk. Blocks for as long as that takes."""
        for mapped in self._maps:
            mapped.flush()

    def mark_clean(self) -> None:
        """Flush, and note that the state is the fold of the whole journal."""
        self.flush()
        self.header["clean"] = 1
        if self._maps:
            self._maps[0].flush()

    def close(self) -> None:
        """Let go of the files. The state must not be used afterwards."""
        self.tables = ()
        self.workers = np.zeros(0, WORKER)
        self._maps.clear()

    def _path(self, name: str) -> Path:
        assert self.directory is not None
        return self.directory / f"{name}.table"

    def _map_all(self) -> None:
        assert self.directory is not None
        if self._reserved:
            sizes = {self._path(name): _size_bytes(*shape) for name, shape in self._shapes.items()}
            reserve(self.directory, sizes)
        mapped = [_map_file(self._path(name), *shape) for name, shape in self._shapes.items()]
        self._maps = [each[0] for each in mapped]
        self.tables = tuple(each[1] for each in mapped)

    def _owes_events(self) -> bool:
        """Return whether a worker died before its events were in its journal."""
        assert self.directory is not None
        try:
            notes = np.frombuffer((self.directory / WORKERS_FILE).read_bytes(), WORKER)
        except FileNotFoundError:
            return False
        return bool(notes["pending_from"].any())

    def _fits(self, directory: Path) -> bool:
        try:
            meta = json.loads((directory / _META).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        expected = {"layout_version": dtypes.LAYOUT_VERSION, **asdict(self.capacities)}
        return meta == expected and all(
            self._path(name).exists() and self._path(name).stat().st_size == _size_bytes(*shape)
            for name, shape in self._shapes.items()
        )


def _size_bytes(dtype: np.dtype[Any], shape: tuple[int, ...]) -> int:
    return dtype.itemsize * int(np.prod(shape))


def _map_file(
    path: Path, dtype: np.dtype[Any], shape: tuple[int, ...]
) -> tuple[mmap.mmap, NDArray[Any]]:
    size_bytes = _size_bytes(dtype, shape)
    with path.open("r+b") as file:
        file.truncate(size_bytes)
        mapped = mmap.mmap(file.fileno(), size_bytes)
    # Keys are hashes, so neighbours have nothing to do with each other. Without this the first
    # touch of a page reads and dirties those around it: 2,000 first touches on ext4 took 418 ms
    # without and 14 ms with it.
    if hasattr(mmap, "MADV_RANDOM"):
        mapped.madvise(mmap.MADV_RANDOM)
    return mapped, np.frombuffer(mapped, dtype).reshape(shape)


def open_state(
    directory: Path | None, capacities: StateCapacities, *, reserved: bool = True
) -> State:
    """Open the state in `directory`, creating it empty where there is none that fits.

    Args:
        directory: folder of the table files; None keeps everything in this process's memory.
        capacities: sizes of the tables.
        reserved: take all the space of the files at once; else they are sparse until touched, and
            the process dies with SIGBUS when it touches them on a full disk.

    Raises:
        OSError: the files cannot be made, or the disk lacks the space (ENOSPC).
    """
    return State(directory, capacities, reserved=reserved)
