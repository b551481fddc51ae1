"""What analysts have to do: alerts raised and closed, on our clock."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from statistics import median

from msgspec import Struct

from gateway.domain.analytics import change_pct
from gateway.domain.enumerations import CaseDecision


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


class Decided(Struct, frozen=True, gc=False):
    """A decision; `handling_s` is the time since its alert was claimed, None where it was not."""

    analyst_id: str
    decision: CaseDecision
    handling_s: float | None


class AnalystWork(Struct, frozen=True, kw_only=True):
    """What an analyst did in a time, and has in hand now.

    Attributes:
        decisions: all of them; frauds, legitimate and reviews are parts.
        open_alerts: that are with the analyst now.
        handling_s_median: from claim to decision; None where nothing was claimed before.
    """

    analyst_id: str
    decisions: int
    frauds: int
    legitimate: int
    reviews: int
    open_alerts: int
    handling_s_median: float | None


def by_analyst(decided: Sequence[Decided], held: Mapping[str, int]) -> list[AnalystWork]:
    """Return the work of all who decided something or hold an alert, most decisions first."""
    found: dict[str, list[Decided]] = {name: [] for name in held}
    for each in decided:
        found.setdefault(each.analyst_id, []).append(each)
    work = []
    for name, theirs in found.items():
        counts = Counter(each.decision for each in theirs)
        times = [each.handling_s for each in theirs if each.handling_s is not None]
        work.append(
            AnalystWork(
                analyst_id=name,
                decisions=len(theirs),
                frauds=counts[CaseDecision.FRAUD],
                legitimate=counts[CaseDecision.LEGITIMATE],
                reviews=counts[CaseDecision.REVIEW],
                open_alerts=held.get(name, 0),
                handling_s_median=median(times) if times else None,
            )
        )
    return sorted(work, key=lambda each: (-each.decisions, -each.open_alerts, each.analyst_id))
