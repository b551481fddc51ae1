"""A runtime file counts only while its process lives."""

import json
import subprocess
import sys
from pathlib import Path

from scoring_server.runtime_file import RuntimeFile, clear_runtime_file, read_runtime_file


def write(path: Path, pid: int) -> None:
    path.write_text(json.dumps({"pid": pid, "port": 8000}))


def test_content_is_process_and_ports(tmp_path: Path) -> None:
    write(tmp_path / "f.json", 12)
    assert read_runtime_file(tmp_path / "f.json") == RuntimeFile(12, {"port": 8000})


def test_missing_and_half_written_files_are_none(tmp_path: Path) -> None:
    (tmp_path / "half.json").write_text('{"pid": 1')
    assert read_runtime_file(tmp_path / "none.json") is None
    assert read_runtime_file(tmp_path / "half.json") is None


def test_file_of_an_ended_process_is_removed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    write(tmp_path / "f.json", process.pid)
    assert clear_runtime_file(tmp_path / "f.json") is None
    assert not (tmp_path / "f.json").exists()


def test_file_of_another_program_with_the_same_id_is_removed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE
    ) as process:
        write(tmp_path / "f.json", process.pid)
        assert clear_runtime_file(tmp_path / "f.json") is None
        process.communicate()


def test_file_of_a_living_server_stays(tmp_path: Path) -> None:
    program = "import sys; sys.stdin.read()  # anomaly serve"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE) as process:
        write(tmp_path / "f.json", process.pid)
        assert clear_runtime_file(tmp_path / "f.json") == process.pid
        assert (tmp_path / "f.json").exists()
        process.communicate()
