"""What analysts have to do: alerts raised and closed, on our clock."""

from datetime import datetime

from msgspec import Struct

from gateway.domain.analytics import change_pct


class Volume(Struct, frozen=True, gc=False):
    """Alerts raised in a step, and alerts closed in it as fraud."""

    start: datetime
    alerts: int
    frauds: int


class Workload(Struct, frozen=True, gc=False):
    """Alerts raised in a time, and alerts closed in it as fraud or as false positives."""

    alerts: int = 0
    resolved: int = 0
    false_positives: int = 0


def changes(before: Workload, after: Workload) -> dict[str, float | None]:
    """Return the growth of each figure in percent; None where there was nothing before."""
    return {
        name: change_pct(getattr(before, name), getattr(after, name))
        for name in Workload.__struct_fields__
    }
