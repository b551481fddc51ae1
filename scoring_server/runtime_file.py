"""The files by which a server tells its process id and ports once it serves."""

import os
from dataclasses import dataclass
from pathlib import Path

import msgspec
import psutil

# Of the scoring server, in its data directory.
RUNTIME_FILE = "scoring_server.json"


@dataclass(frozen=True, slots=True)
class RuntimeFile:
    """What a serving process wrote.

    Attributes:
        pid: its process id.
        ports: name -> port number.
    """

    pid: int
    ports: dict[str, int]


def read_runtime_file(path: Path) -> RuntimeFile | None:
    """Return the content of a runtime file; None when there is none."""
    try:
        content = msgspec.json.decode(path.read_bytes(), type=dict[str, int])
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    pid = content.pop("pid", 0)
    return RuntimeFile(pid, content) if pid else None


def write_runtime_file(path: Path, ports: dict[str, int]) -> None:
    """Write the file of this process, whole or not at all."""
    partial = path.with_suffix(".partial")
    partial.write_bytes(msgspec.json.encode({"pid": os.getpid(), **ports}) + b"\n")
    partial.rename(path)


def worker_runtime_file(worker: int) -> str:
    """Return the name of the file of one worker among several."""
    return f"scoring_worker-{worker}.json"


def clear_runtime_file(path: Path) -> int | None:
    """Remove the file of a process that is gone; return the process id if it is still alive."""
    found = read_runtime_file(path)
    if found is not None and _serves(found.pid):
        return found.pid
    path.unlink(missing_ok=True)
    return None


def _serves(pid: int) -> bool:
    """Tell whether a process is one of our servers; ids are used again after a reboot."""
    try:
        process = psutil.Process(pid)
        arguments = " ".join(process.cmdline())
        return process.status() != psutil.STATUS_ZOMBIE and (
            "scoring_server" in arguments or "anomaly" in arguments or "gateway" in arguments
        )
    except psutil.Error:
        return False
