"""What a full disk does to the state; each on a small disk of its own."""

import errno
import signal
import subprocess
import sys

import pytest

from scoring_server.errors import ConfigurationError
from scoring_server.state.opening import open_served_state
from scoring_server.state.shared_table import StateCapacities, open_state
from tests.support.small_disk import fill, free_bytes, small_disk

SMALL = StateCapacities(64, 64, 64, 64, 64, 1_000)
BIGGER = StateCapacities(8_192, 64, 64, 64, 64, 1_000)
MIB = 1 << 20

# Another process, because the death that it may meet is one.
WRITER = """
import sys
from pathlib import Path
from scoring_server.state.shared_table import StateCapacities, open_state
from tests.support.small_disk import fill

folder = Path(sys.argv[1])
capacities = StateCapacities(64, 64, 64, 64, 64, 1_000)
state = open_state(folder / "state", capacities, reserved=sys.argv[2] == "reserved")
fill(folder)
for table in state.tables:
    table.view("u1")[:] = 1
state.flush()
print("written")
"""


def write_on_full_disk(folder, how: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WRITER, str(folder), how]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_every_page_of_the_state_can_be_written_on_a_full_disk(tmp_path):
    with small_disk(tmp_path / "disk", 16) as disk:
        done = write_on_full_disk(disk, "reserved")
    assert (done.returncode, done.stdout) == (0, "written\n"), done.stderr


def test_state_that_is_not_reserved_dies_there(tmp_path):
    with small_disk(tmp_path / "disk", 16) as disk:
        done = write_on_full_disk(disk, "sparse")
    assert done.returncode == -signal.SIGBUS


def test_files_of_an_earlier_release_get_their_space_and_keep_their_content(tmp_path):
    with small_disk(tmp_path / "disk", 16) as disk:
        state = open_state(disk / "state", SMALL, reserved=False)
        state.tables[1]["key"][7] = 99
        state.close()
        sparse = free_bytes(disk)
        state = open_state(disk / "state", SMALL)
        assert state.tables[1]["key"][7] == 99
        assert free_bytes(disk) < sparse
        state.close()


def test_lack_of_space_is_said_and_nothing_is_taken(tmp_path):
    with small_disk(tmp_path / "disk", 2) as disk:
        before = free_bytes(disk)
        with pytest.raises(OSError, match="10 MiB more are needed, 2 MiB are free") as caught:
            open_state(disk / "state", BIGGER)
        assert caught.value.errno == errno.ENOSPC
        assert before - free_bytes(disk) < MIB // 10
        with pytest.raises(ConfigurationError, match="STATE_CAPACITY_") as refused:
            open_served_state(disk / "state", BIGGER)
        assert refused.value.reason == "STATE_SPACE"


def test_state_is_emptied_in_the_space_it_has(tmp_path):
    with small_disk(tmp_path / "disk", 16) as disk:
        state = open_state(disk / "state", SMALL)
        # The folder of a file is a block of its own.
        fill(disk, left_bytes=64 * 1024)
        state.reset()
        assert state.sequence == 0
        state.close()


def test_copy_counts_as_empty_until_it_is_whole(tmp_path, monkeypatch):
    snapshot = open_state(tmp_path / "snapshot", SMALL)
    snapshot.header["sequence"] = 5
    snapshot.mark_clean()
    snapshot.close()
    state = open_state(tmp_path / "state", SMALL)
    copied = []

    def interrupted(_source, target):
        copied.append(target.name)
        if target.name == "guard.table":
            raise KeyboardInterrupt
        target.write_bytes(_source.read_bytes())

    monkeypatch.setattr("scoring_server.state.shared_table.copy_file", interrupted)
    with pytest.raises(KeyboardInterrupt):
        state.replace_with(tmp_path / "snapshot")
    assert copied[-1] == "guard.table"
    again = open_state(tmp_path / "state", SMALL)
    assert again.sequence == 0
    again.close()
