"""Counts of what analysts decided, so that no list and no summary counts decisions."""

from sqlalchemy import BigInteger, Column, String, Table

from gateway.db.tables.base import metadata
from gateway.db.types import UtcTime

# Field order is that of domain.feedback.FeedbackCount. Every resolution is counted three times: in
# its hour, in its day in UTC, and in the one period of all time.
feedback_counts = Table(
    "feedback_counts",
    metadata,
    Column("period", String(8), primary_key=True),
    Column("start", UtcTime, primary_key=True),
    Column("analyst_id", String(64), primary_key=True),
    Column("decision", String(16), primary_key=True),
    Column("decided", BigInteger, nullable=False),
    Column("withdrawn", BigInteger, nullable=False),
)
