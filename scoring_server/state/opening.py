"""Opens the state that a server serves from; says what is wrong in the words of its settings."""

import errno
from pathlib import Path

from scoring_server.errors import ConfigurationError
from scoring_server.state.shared_table import State, StateCapacities, open_state


def open_served_state(directory: Path, capacities: StateCapacities) -> State:
    """Open or create the state.

    Raises:
        ConfigurationError: the files cannot be written, or the disk has no space for them.
    """
    try:
        return open_state(directory, capacities)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            message = (
                f"the state in {directory} needs its whole space from the start: {error.strerror}. "
                "Make room, or set smaller STATE_CAPACITY_* (docs/durability.md)"
            )
            raise ConfigurationError(message, reason="STATE_SPACE") from error
        raise ConfigurationError(
            f"the state files in {directory} must be writable: {error}", reason="STATE_DIRECTORY"
        ) from error
