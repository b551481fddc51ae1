"""What lists of alerts can be narrowed to."""

from enum import StrEnum

from gateway.domain.enumerations import AlertStatus, Severity


class SeverityFilter(StrEnum):
    """A severity, or ALL for no filter."""

    ALL = "ALL"
    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"

    @property
    def wanted(self) -> Severity | None:
        """The severity; None for all."""
        return None if self is SeverityFilter.ALL else Severity(self)


class StatusFilter(StrEnum):
    """A status, or ALL for no filter."""

    ALL = "ALL"
    ACTIVE = "ACTIVE"
    INVESTIGATING = "INVESTIGATING"
    RESOLVED = "RESOLVED"
    FALSE_POSITIVE = "FALSE_POSITIVE"

    @property
    def wanted(self) -> AlertStatus | None:
        """The status; None for all."""
        return None if self is StatusFilter.ALL else AlertStatus(self)
