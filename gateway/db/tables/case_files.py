"""Cases, which alerts they hold, and their history."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, text

from gateway.db.tables.base import RowNumber, metadata
from gateway.db.types import UtcTime

# Field order is that of domain.case_file.CaseFile.
case_files = Table(
    "case_files",
    metadata,
    Column("case_id", String(64), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("title", Text, nullable=False),
    Column("owner_id", String(64), nullable=False),
    Column("assigned_to", String(64)),
    Column("alert_count", Integer, nullable=False),
    Column("created_by", String(64), nullable=False),
    Column("created_time", UtcTime, nullable=False),
    Column("updated_time", UtcTime, nullable=False),
    Column("closed_time", UtcTime),
    Index(None, "created_time", "case_id"),
    Index(None, "status", "created_time", "case_id"),
    Index(None, "assigned_to", "created_time", "case_id"),
)

# `is_open` is that of the case: an alert is in one open case at most.
case_file_alerts = Table(
    "case_file_alerts",
    metadata,
    Column("case_id", String(64), ForeignKey("case_files.case_id"), primary_key=True),
    Column("alert_id", String(64), ForeignKey("alerts.alert_id"), primary_key=True),
    Column("is_open", Boolean, nullable=False),
    Index(
        "uq_case_file_alerts_open",
        "alert_id",
        unique=True,
        postgresql_where=text("is_open"),
        sqlite_where=text("is_open = 1"),
    ),
)

# Rows are only ever added.
case_file_events = Table(
    "case_file_events",
    metadata,
    Column("event_id", RowNumber, primary_key=True, autoincrement=True),
    Column("case_id", String(64), ForeignKey("case_files.case_id"), nullable=False),
    Column("action", String(32), nullable=False),
    Column("analyst_id", String(64), nullable=False),
    Column("alert_id", String(64)),
    Column("content", Text, nullable=False),
    Column("event_time", UtcTime, nullable=False),
    Index(None, "case_id", "event_id"),
)
