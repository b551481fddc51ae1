"""Days in a query."""

from datetime import UTC, date, datetime, timedelta

from gateway.domain.analytics import DAYS_MAX
from gateway.errors import FieldFault, InvalidArgumentError
from gateway.rest.body import summary

_DAYS_DEFAULT = 30


def days_of(start_date: str, end_date: str, today: date) -> tuple[date, date]:
    """Return the first and the last day that two texts name.

    Each is a day, or an instant whose day in UTC counts. Without an end it is `today`; without a
    start the range has 30 days.

    Raises:
        InvalidArgumentError: it names every field that is wrong.
    """
    faults: list[FieldFault] = []
    last = _day("end_date", end_date, faults) or today
    first = _day("start_date", start_date, faults)
    if first is None:
        first = max(date.min + timedelta(days=_DAYS_DEFAULT), last) - timedelta(
            days=_DAYS_DEFAULT - 1
        )
    if not faults and first > last:
        faults.append(FieldFault("start_date", f"start_date must not be after {last}, was {first}"))
    if not faults and (last - first).days >= DAYS_MAX:
        faults.append(
            FieldFault(
                "start_date",
                f"start_date must be less than {DAYS_MAX} days before end_date, was "
                f"{(last - first).days} days before",
            )
        )
    if faults:
        raise InvalidArgumentError(summary(faults), faults=tuple(faults))
    return first, last


def _day(name: str, text: str, faults: list[FieldFault]) -> date | None:
    if not text:
        return None
    try:
        instant = datetime.fromisoformat(text)
        day = instant.date() if instant.tzinfo is None else instant.astimezone(UTC).date()
    except (ValueError, OverflowError):
        faults.append(FieldFault(name, f"{name} must be a day such as 2026-02-09, was {text!r}"))
        return None
    if day.year in {date.min.year, date.max.year}:
        faults.append(FieldFault(name, f"{name} must be a day such as 2026-02-09, was {text!r}"))
        return None
    return day
