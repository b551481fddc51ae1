"""Loads a model in a process of its own first, so that none can take the server down with it.

A graph can make ONNX Runtime crash, fill the memory or never end; none of that may happen where
transactions are scored. What the child finds is what the gate says.
"""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

from scoring_server.inference.errors import ModelError

# Chosen by us: a sound model of 64 MiB passes within seconds, and takes less than 2 GiB with all
# libraries.
TIME_S_MAX = 120
MEMORY_BYTES_MAX = 6 * 1024 * 1024 * 1024
_NICENESS = 10


def check_apart(directory: Path, *, time_s_max: float = TIME_S_MAX) -> None:
    """Pass the artifact in `directory` through the gate in another process.

    Raises:
        ModelError: the gate refuses it, or the process ended without a word or took too long.
    """
    command = [sys.executable, "-m", "scoring_server.inference.apart", str(directory)]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter, a path as its argument
            command, capture_output=True, timeout=time_s_max, check=False, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired as error:
        raise ModelError(
            f"{directory} was not loaded within {time_s_max:g} s; make the model smaller",
            reason="MODEL_FAILED",
        ) from error
    if done.returncode == 0:
        return
    try:
        fault = json.loads(done.stdout.decode().strip().splitlines()[-1])
        message, reason = str(fault["message"]), str(fault["reason"])
    except (ValueError, LookupError, TypeError):
        raise ModelError(
            f"{directory} ended the process that loaded it (exit code {done.returncode}); it takes "
            f"more than {MEMORY_BYTES_MAX >> 30} GiB or crashes ONNX Runtime: export it again",
            reason="MODEL_FAILED",
        ) from None
    raise ModelError(message, reason=reason)


def main(directory: Path) -> int:
    """Check within limits; print what was found as one line of JSON."""
    # The server that asks needs none of this here.
    from scoring_server.inference.artifact import load_model  # noqa: PLC0415

    os.nice(_NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        load_model(directory)
    except ModelError as error:
        sys.stdout.write(json.dumps({"message": error.message, "reason": error.reason}))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
