"""Make the tables of users, service tokens, sessions and the record of access.

Only adds tables, so that the previous version serves on beside it.
"""

import sqlalchemy as sa
from alembic import op

from gateway.db.types import UtcTime

revision = "0003"
down_revision = "0002"

_REFUSE_ON_POSTGRESQL = (
    """
    CREATE FUNCTION access_events_only_grow() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'access_events is only added to'; END $$
    """,
    """
    CREATE TRIGGER access_events_only_grow BEFORE UPDATE OR DELETE ON access_events
    FOR EACH ROW EXECUTE FUNCTION access_events_only_grow()
    """,
)
_REFUSE_ON_SQLITE = tuple(
    f"""
    CREATE TRIGGER access_events_no_{event} BEFORE {event} ON access_events
    BEGIN SELECT RAISE(ABORT, 'access_events is only added to'); END
    """
    for event in ("update", "delete")
)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "users",
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=48), nullable=False),
        sa.Column("display_name", sa.String(length=100), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_time", UtcTime(), nullable=False),
        sa.Column("updated_time", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_users")),
        sa.UniqueConstraint("name", name=op.f("uq_users_name")),
    )
    op.create_table(
        "sessions",
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("user_version", sa.Integer(), nullable=False),
        sa.Column("created_time", UtcTime(), nullable=False),
        sa.Column("expires_time", UtcTime(), nullable=False),
        sa.Column("ended_time", UtcTime(), nullable=True),
        sa.Column("end_reason", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.user_id"], name=op.f("fk_sessions_user_id_users")
        ),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_user_id"), "sessions", ["user_id"], unique=False)
    op.create_index(op.f("ix_sessions_expires_time"), "sessions", ["expires_time"], unique=False)
    op.create_table(
        "refresh_tokens",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("issued_time", UtcTime(), nullable=False),
        sa.Column("used_time", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["sessions.session_id"],
            name=op.f("fk_refresh_tokens_session_id_sessions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_refresh_tokens")),
    )
    op.create_index(
        op.f("ix_refresh_tokens_session_id"), "refresh_tokens", ["session_id"], unique=False
    )
    op.create_table(
        "service_tokens",
        sa.Column("token_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=48), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.String(length=64), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("created_time", UtcTime(), nullable=False),
        sa.Column("expires_time", UtcTime(), nullable=False),
        sa.Column("revoked_time", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("token_id", name=op.f("pk_service_tokens")),
        sa.UniqueConstraint("name", name=op.f("uq_service_tokens_name")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_service_tokens_token_hash")),
    )
    op.create_table(
        "access_events",
        sa.Column(
            "event_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("event_time", UtcTime(), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("client", sa.String(length=45), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_access_events")),
    )
    op.create_table(
        "login_throttles",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_failure_time", UtcTime(), nullable=False),
        sa.Column("blocked_until", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_login_throttles")),
    )
    op.create_index(
        op.f("ix_login_throttles_last_failure_time"),
        "login_throttles",
        ["last_failure_time"],
        unique=False,
    )
    postgresql = op.get_bind().dialect.name == "postgresql"
    for statement in _REFUSE_ON_POSTGRESQL if postgresql else _REFUSE_ON_SQLITE:
        op.execute(statement)


def downgrade() -> None:
    """Undo."""
    op.drop_table("login_throttles")
    op.drop_table("access_events")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION access_events_only_grow")
    op.drop_table("service_tokens")
    op.drop_table("refresh_tokens")
    op.drop_table("sessions")
    op.drop_table("users")
