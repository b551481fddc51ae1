"""The tables. Money is integer minor units, time is UTC, enumerations are their names."""

from gateway.db.tables import (
    alerts,
    analytics,
    audit,
    case_files,
    counts,
    entities,
    feed,
    feedback,
    people,
    retention,
    suppressions,
    webhooks,
)
from gateway.db.tables.base import metadata

__all__ = [
    "alerts",
    "analytics",
    "audit",
    "case_files",
    "counts",
    "entities",
    "feed",
    "feedback",
    "metadata",
    "people",
    "retention",
    "suppressions",
    "webhooks",
]
