"""The tables of users, service tokens, sessions and the record of access.

No token is stored, only hashes of them.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from gateway.db.tables.base import metadata
from gateway.db.types import UtcTime

# Field order is that of domain.people.User. A removed user keeps his row, and so his name.
users = Table(
    "users",
    metadata,
    Column("user_id", String(64), primary_key=True),
    Column("name", String(48), nullable=False, unique=True),
    Column("display_name", String(100), nullable=False),
    Column("role", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("must_change_password", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_time", UtcTime, nullable=False),
    Column("updated_time", UtcTime, nullable=False),
)

# Who a user is to an identity provider. A removed user keeps his, so that he is not made anew.
user_identities = Table(
    "user_identities",
    metadata,
    Column("issuer", String(255), primary_key=True),
    Column("subject", String(255), primary_key=True),
    Column("user_id", String(64), ForeignKey("users.user_id"), nullable=False),
    Column("created_time", UtcTime, nullable=False),
    Index(None, "user_id"),
)

# Field order is that of domain.people.Session.
sessions = Table(
    "sessions",
    metadata,
    Column("session_id", String(64), primary_key=True),
    Column("user_id", String(64), ForeignKey("users.user_id"), nullable=False),
    Column("user_version", Integer, nullable=False),
    Column("created_time", UtcTime, nullable=False),
    Column("expires_time", UtcTime, nullable=False),
    Column("ended_time", UtcTime),
    Column("end_reason", String(32), nullable=False),
    Index(None, "user_id"),
    Index(None, "expires_time"),
)

# Field order is that of domain.people.RefreshToken.
refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column(
        "session_id",
        String(64),
        ForeignKey("sessions.session_id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("issued_time", UtcTime, nullable=False),
    Column("used_time", UtcTime),
    Index(None, "session_id"),
)

service_tokens = Table(
    "service_tokens",
    metadata,
    Column("token_id", String(64), primary_key=True),
    Column("name", String(48), nullable=False, unique=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("scopes", String(64), nullable=False),
    Column("created_by", String(64), nullable=False),
    Column("created_time", UtcTime, nullable=False),
    Column("expires_time", UtcTime, nullable=False),
    Column("revoked_time", UtcTime),
)

# Only ever added to; a trigger refuses anything else.
access_events = Table(
    "access_events",
    metadata,
    Column(
        "event_id",
        BigInteger().with_variant(Integer(), "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    Column("event_time", UtcTime, nullable=False),
    Column("action", String(32), nullable=False),
    Column("actor", String(64), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("client", String(45), nullable=False),
    Column("detail", Text, nullable=False),
)

# Field order is that of domain.people.Throttle.
login_throttles = Table(
    "login_throttles",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_failure_time", UtcTime, nullable=False),
    Column("blocked_until", UtcTime, nullable=False),
    Index(None, "last_failure_time"),
)
