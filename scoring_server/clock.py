"""The only places where the scoring server reads a clock."""

import time

NS_PER_S = 1_000_000_000


def wall_time_ns() -> int:
    """Return the time since the Unix epoch, UTC, in nanoseconds."""
    return time.time_ns()


def monotonic_ns() -> int:
    """Return nanoseconds on a clock that never steps."""
    return time.monotonic_ns()


def thread_time_ns() -> int:
    """Return the processor time that this thread has taken, whatever else the machine did."""
    return time.thread_time_ns()
