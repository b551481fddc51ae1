"""The only places where the gateway reads a clock."""

import time
from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the present instant, aware, in UTC."""
    return datetime.now(UTC)


def monotonic_s() -> float:
    """Return seconds on a clock that never steps."""
    return time.monotonic()
