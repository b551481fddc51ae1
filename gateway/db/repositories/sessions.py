"""Sessions, refresh tokens and failed logins."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.db.bulk import upsert
from gateway.db.repositories.people import user_of
from gateway.db.tables.people import login_throttles, refresh_tokens, sessions, users
from gateway.domain.people import RefreshToken, Session, Throttle, User

_SESSION_COLUMNS = [column.label(f"session_{column.name}") for column in sessions.c]


class SessionRepository:
    """SQL of sessions, inside the caller's transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, session: Session) -> None:
        """Store a new session."""
        await self._connection.execute(insert(sessions).values(**msgspec.structs.asdict(session)))

    async def with_user(self, session_id: str) -> tuple[Session, User] | None:
        """Return a session and whose it is, in one read."""
        row = (
            await self._connection.execute(
                select(users, *_SESSION_COLUMNS)
                .join(sessions, sessions.c.user_id == users.c.user_id)
                .where(sessions.c.session_id == session_id)
            )
        ).first()
        return None if row is None else (_session_of(row), user_of(row))

    async def end(self, session_id: str, reason: str, now: datetime) -> bool:
        """End a session; False when it had ended already."""
        changed = await self._connection.execute(
            update(sessions)
            .where(sessions.c.session_id == session_id, sessions.c.ended_time.is_(None))
            .values(ended_time=now, end_reason=reason)
        )
        return changed.rowcount == 1

    async def end_all_of(self, user_id: str, reason: str, now: datetime) -> None:
        """End all sessions of a user."""
        await self._connection.execute(
            update(sessions)
            .where(sessions.c.user_id == user_id, sessions.c.ended_time.is_(None))
            .values(ended_time=now, end_reason=reason)
        )

    async def add_refresh_token(self, token: RefreshToken) -> None:
        """Store a new refresh token."""
        await self._connection.execute(
            insert(refresh_tokens).values(**msgspec.structs.asdict(token))
        )

    async def refresh_token(self, token_hash: str) -> RefreshToken | None:
        """Return a refresh token."""
        row = (
            await self._connection.execute(
                select(refresh_tokens).where(refresh_tokens.c.token_hash == token_hash)
            )
        ).first()
        if row is None:
            return None
        return RefreshToken(
            token_hash=row.token_hash,
            session_id=row.session_id,
            issued_time=row.issued_time,
            used_time=row.used_time,
        )

    async def use_refresh_token(self, token_hash: str, now: datetime) -> bool:
        """Use a refresh token up; of several who try at once, one gets True."""
        changed = await self._connection.execute(
            update(refresh_tokens)
            .where(refresh_tokens.c.token_hash == token_hash, refresh_tokens.c.used_time.is_(None))
            .values(used_time=now)
        )
        return changed.rowcount == 1

    async def locked_throttles(self, keys: Sequence[str], now: datetime) -> dict[str, Throttle]:
        """Return the records of failed logins; nobody else counts on them until the end.

        A key without a record gets an empty one, so that there is a row to hold.
        """
        # Always in the same order, so that two logins never wait for each other.
        ordered = sorted(keys)
        empty = [
            {"key": key, "failures": 0, "last_failure_time": now, "blocked_until": now}
            for key in ordered
        ]
        await upsert(self._connection, login_throttles, empty, key="key")
        found = await self._connection.execute(
            select(login_throttles)
            .where(login_throttles.c.key.in_(ordered))
            .order_by(login_throttles.c.key)
            .with_for_update()
        )
        return {
            row.key: Throttle(
                key=row.key,
                failures=row.failures,
                last_failure_time=row.last_failure_time,
                blocked_until=row.blocked_until,
            )
            for row in found
        }

    async def put_throttle(self, throttle: Throttle) -> None:
        """Overwrite a record of failed logins."""
        await upsert(
            self._connection,
            login_throttles,
            [msgspec.structs.asdict(throttle)],
            key="key",
            replace=("failures", "last_failure_time", "blocked_until"),
        )

    async def drop_throttle(self, key: str) -> None:
        """Forget the failed logins of a key."""
        await self._connection.execute(delete(login_throttles).where(login_throttles.c.key == key))

    async def forget(self, sessions_before: datetime, failures_before: datetime) -> None:
        """Delete what expired long ago, so that the tables do not grow for ever."""
        await self._connection.execute(
            delete(sessions).where(sessions.c.expires_time < sessions_before)
        )
        await self._connection.execute(
            delete(login_throttles).where(login_throttles.c.last_failure_time < failures_before)
        )


def _session_of(row: Row[Any]) -> Session:
    return Session(
        session_id=row.session_session_id,
        user_id=row.session_user_id,
        user_version=row.session_user_version,
        created_time=row.session_created_time,
        expires_time=row.session_expires_time,
        ended_time=row.session_ended_time,
        end_reason=row.session_end_reason,
    )
