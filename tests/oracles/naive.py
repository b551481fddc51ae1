"""Slow, obvious twins of the kernels: plain Python over lists, one idea a function."""

import math
from collections.abc import Sequence

from scoring_server.kernels.dtypes import RECENT_SIZE, TILE_COUNT, WINDOWS_S

NS_PER_S = 1_000_000_000


def window(events: Sequence[tuple[int, float]], now_ns: int, length_s: int) -> tuple[int, float]:
    """Count and total of the events in (now - length, now]."""
    inside = [a for t, a in events if now_ns - length_s * NS_PER_S < t <= now_ns]
    return len(inside), math.fsum(inside)


def windows(events: Sequence[tuple[int, float]], now_ns: int) -> list[tuple[int, float]]:
    """All windows of an entity."""
    return [window(events, now_ns, length) for length in WINDOWS_S]


def window_error_bound(events: Sequence[tuple[int, float]], now_ns: int, length_s: int) -> int:
    """How many events the tiled window may be off by: those near the edge that left the ring.

    Only events older than the last RECENT_SIZE are tiled, and only the tile that the edge cuts
    through is counted by its share.
    """
    width = length_s * NS_PER_S // TILE_COUNT
    edge = now_ns - length_s * NS_PER_S
    tiled = events[:-RECENT_SIZE]
    return sum(1 for t, _ in tiled if t // width == edge // width)


def distinct(tags: Sequence[tuple[int, int]], now_ns: int, length_ns: int) -> int:
    """Different tags among the last RECENT_SIZE events inside the window."""
    return len({tag for t, tag in tags[-RECENT_SIZE:] if now_ns - length_ns < t <= now_ns})


def haversine_km(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Great-circle distance by the angle between two unit vectors."""

    def vector(lat: float, lon: float) -> tuple[float, float, float]:
        a, b = math.radians(lat), math.radians(lon)
        return math.cos(a) * math.cos(b), math.cos(a) * math.sin(b), math.sin(a)

    u, v = vector(lat1, lon1), vector(lat2, lon2)
    cross = (
        u[1] * v[2] - u[2] * v[1],
        u[2] * v[0] - u[0] * v[2],
        u[0] * v[1] - u[1] * v[0],
    )
    dot = sum(a * b for a, b in zip(u, v, strict=True))
    return 6371.0088 * math.atan2(math.sqrt(sum(c * c for c in cross)), dot)


def poisson_tail(observed: int, mean: float) -> float:
    """P(N >= observed) of a Poisson N, summed term by term."""
    below = math.fsum(
        math.exp(-mean + k * math.log(mean) - math.lgamma(k + 1)) for k in range(observed)
    )
    return max(1.0 - below, 0.0)


def noisy_or(strengths: Sequence[float]) -> float:
    """One minus the product of the complements."""
    return 1.0 - math.prod(1.0 - s for s in strengths)
