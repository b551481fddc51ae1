"""What a look at the database found, and what of it is a fault."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

# Deadlines and tokens live by the gateway's clock, changes are ordered by the database's.
# Most of a kind that a message names; the figures have all.
_NAMED_MAX = 5
_KIBI = 1024
CLOCK_DIFFERENCE_MAX = timedelta(seconds=2)


class Verdict(StrEnum):
    """How bad a finding is; a fault makes the check fail."""

    OK = "OK"
    WARNING = "WARNING"
    FAULT = "FAULT"


class Finding(Struct, frozen=True):
    """One thing that was looked at.

    Attributes:
        figures: what the message says, for programs.
    """

    name: str
    verdict: Verdict
    message: str
    figures: dict[str, object]


class Comparison(Struct, frozen=True):
    """A count as it is kept, and as it is counted now."""

    name: str
    kept: int
    counted: int


class Connections(Struct, frozen=True):
    """What the server allows, and what is open now by others; both 0 where nothing is bounded."""

    allowed: int
    others: int


def schema(current: str | None, needed: str | None) -> Finding:
    """Judge the version of the schema."""
    figures: dict[str, object] = {"current": current, "needed": needed}
    if current == needed:
        return Finding("schema", Verdict.OK, f"schema {current}, as needed", figures)
    message = f"schema {current or 'none'}, this program needs {needed}: run `anomaly db migrate`"
    return Finding("schema", Verdict.FAULT, message, figures)


def counts(comparisons: Sequence[Comparison], sampled: str) -> Finding:
    """Judge counts against a recount; `sampled` tells of what."""
    wrong = [each for each in comparisons if each.kept != each.counted]
    figures: dict[str, object] = {
        "compared": len(comparisons),
        "wrong": [
            {"name": each.name, "kept": each.kept, "counted": each.counted} for each in wrong
        ],
    }
    if not wrong:
        return Finding("counts", Verdict.OK, f"{len(comparisons)} counts agree, {sampled}", figures)
    told = "; ".join(
        f"{each.name}: kept {each.kept}, counted {each.counted}" for each in wrong[:_NAMED_MAX]
    )
    more = f" and {len(wrong) - _NAMED_MAX} more" if len(wrong) > _NAMED_MAX else ""
    return Finding("counts", Verdict.FAULT, f"{told}{more}, {sampled}", figures)


def rows_without(found: Mapping[str, int]) -> Finding:
    """Judge rows that refer to what is not there, by what they are."""
    figures: dict[str, object] = dict(found)
    lost = {name: number for name, number in found.items() if number}
    if not lost:
        return Finding("references", Verdict.OK, "every row finds what it refers to", figures)
    told = ", ".join(f"{number} {name}" for name, number in lost.items())
    return Finding("references", Verdict.FAULT, told, figures)


def indexes(missing: Sequence[str], invalid: Sequence[str]) -> Finding:
    """Judge indexes that are not there or were left half built."""
    figures: dict[str, object] = {"missing": list(missing), "invalid": list(invalid)}
    told = [
        f"{word}: {', '.join(names)}"
        for word, names in (("missing", missing), ("half built", invalid))
        if names
    ]
    if not told:
        return Finding("indexes", Verdict.OK, "all there and valid", figures)
    return Finding("indexes", Verdict.FAULT, "; ".join(told), figures)


def storage(faults: Sequence[str], looked: str) -> Finding:
    """Judge what the database says of its own pages."""
    figures: dict[str, object] = {"faults": list(faults)}
    if faults:
        return Finding("storage", Verdict.FAULT, "; ".join(faults[:_NAMED_MAX]), figures)
    return Finding("storage", Verdict.OK, looked, figures)


def sizes(by_table: Mapping[str, int], total_bytes: int) -> Finding:
    """Tell how much room is taken."""
    largest = sorted(by_table.items(), key=lambda item: -item[1])[:_NAMED_MAX]
    told = ", ".join(f"{name} {size(number)}" for name, number in largest)
    message = f"{size(total_bytes)}{': ' if told else ''}{told}"
    figures: dict[str, object] = {"total_bytes": total_bytes, "tables": dict(by_table)}
    return Finding("sizes", Verdict.OK, message, figures)


def connections(found: Connections, workers: int, pool_size: int) -> Finding:
    """Judge whether all workers can have all connections of their pools at once."""
    wanted = workers * pool_size
    figures: dict[str, object] = {
        "wanted": wanted,
        "allowed": found.allowed,
        "others": found.others,
    }
    if not found.allowed:
        return Finding("connections", Verdict.OK, "the database has no bound on them", figures)
    message = (
        f"{workers} workers with {pool_size} each want {wanted}, the server allows "
        f"{found.allowed}, "
        f"{found.others} are open now"
    )
    if wanted > found.allowed:
        return Finding("connections", Verdict.FAULT, message, figures)
    return Finding("connections", Verdict.OK, message, figures)


def clock(here: datetime, there: datetime) -> Finding:
    """Judge the difference between the database's clock and ours."""
    difference_s = (there - here).total_seconds()
    figures: dict[str, object] = {"difference_s": round(difference_s, 3)}
    message = f"the database's clock is {difference_s:+.3f} s from this one"
    late = abs(difference_s) > CLOCK_DIFFERENCE_MAX.total_seconds()
    return Finding("clock", Verdict.WARNING if late else Verdict.OK, message, figures)


def leftovers(found: Mapping[str, int]) -> Finding:
    """Tell what waits for a person: events and deliveries that were set aside."""
    figures: dict[str, object] = dict(found)
    some = {name: number for name, number in found.items() if number}
    if not some:
        return Finding("set_aside", Verdict.OK, "nothing was set aside", figures)
    told = ", ".join(f"{number} {name}" for name, number in some.items())
    return Finding("set_aside", Verdict.WARNING, told, figures)


def retention(before: datetime | None, removed: int) -> Finding:
    """Tell how far old transactions were removed."""
    figures: dict[str, object] = {
        "pruned_before": before and before.isoformat(),
        "transactions": removed,
    }
    message = (
        f"{removed} transactions from before {before:%Y-%m-%d} were removed"
        if before
        else "no transactions were removed"
    )
    return Finding("retention", Verdict.OK, message, figures)


def size(number: int) -> str:
    """Return a number of bytes for people."""
    amount = float(number)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < _KIBI:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= _KIBI
    return f"{amount:.1f} TiB"
