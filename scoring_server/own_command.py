"""Our own command as a child process that ends with this one."""

import os
import sys


def own_command(*arguments: str) -> list[str]:
    """Return the command line; the child runs exactly the code of its parent."""
    return [
        sys.executable,
        "-m",
        "scoring_server.cli",
        "--stop-with-parent",
        str(os.getpid()),
        *arguments,
    ]
