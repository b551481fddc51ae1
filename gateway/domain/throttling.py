"""How long a login is refused after failures: it doubles with each, by account and by client.

The same holds for names that nobody has, so that the answer tells nothing about who exists.
"""

from datetime import datetime, timedelta

from gateway.domain.people import Throttle

# Chosen by us: people mistype a few times, and several of them share an address.
ACCOUNT_FAILURES_FREE = 3
CLIENT_FAILURES_FREE = 10
# Longest wait. An attacker can keep an account's owner out for that long at most after each try of
# his own, so it is bounded; at one try in five minutes no guessing gets anywhere.
BLOCK_MAX = timedelta(minutes=5)
# After so long without a failure all is forgotten.
MEMORY = timedelta(hours=1)
_FIRST_BLOCK_S = 1


def block_of(failures: int, free: int) -> timedelta:
    """Return how long to refuse after so many failures in a row."""
    beyond = failures - free
    if beyond <= 0:
        return timedelta(0)
    # 2^9 s is beyond the longest block; a larger exponent would only make large numbers.
    return min(BLOCK_MAX, timedelta(seconds=_FIRST_BLOCK_S * 2 ** min(beyond - 1, 9)))


def after_failure(before: Throttle | None, key: str, free: int, now: datetime) -> Throttle:
    """Return the record after one more failure."""
    forgotten = before is None or now - before.last_failure_time >= MEMORY
    failures = 1 if before is None or forgotten else before.failures + 1
    return Throttle(
        key=key,
        failures=failures,
        last_failure_time=now,
        blocked_until=now + block_of(failures, free),
    )


def wait_s(throttle: Throttle | None, now: datetime) -> float:
    """Return for how many seconds a login is still refused; 0.0 when it may be tried."""
    if throttle is None:
        return 0.0
    return max(0.0, (throttle.blocked_until - now).total_seconds())
