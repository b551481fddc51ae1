"""Users, service tokens and the record of access."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, Select, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.db.tables.people import access_events, service_tokens, user_identities, users
from gateway.domain.people import AccessEvent, ServiceToken, User, UserStatus
from gateway.domain.permission import Role, Scope


class PeopleRepository:
    """SQL of users and service tokens, inside the caller's transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def user(self, user_id: str, *, lock: bool = False) -> User | None:
        """Return a user; `lock` keeps others from changing him until the transaction ends."""
        query = select(users).where(users.c.user_id == user_id)
        return await self._one_user(query.with_for_update() if lock else query)

    async def user_named(self, name: str) -> User | None:
        """Return the user of that name, whatever became of him."""
        return await self._one_user(select(users).where(users.c.name == name))

    async def user_of_identity(self, issuer: str, subject: str) -> User | None:
        """Return the user whom an identity provider knows by that subject."""
        query = select(users).join(user_identities, user_identities.c.user_id == users.c.user_id)
        return await self._one_user(
            query.where(user_identities.c.issuer == issuer, user_identities.c.subject == subject)
        )

    async def add_identity(self, issuer: str, subject: str, user_id: str, now: datetime) -> None:
        """Store whose an identity is; it must be new."""
        await self._connection.execute(
            insert(user_identities).values(
                issuer=issuer, subject=subject, user_id=user_id, created_time=now
            )
        )

    async def users(self, offset: int, limit: int) -> tuple[list[User], int]:
        """Return users by name, those who were removed left out, and how many there are."""
        present = users.c.status != UserStatus.REMOVED
        found = await self._connection.execute(
            select(users).where(present).order_by(users.c.name).offset(offset).limit(limit)
        )
        total = await self._connection.scalar(
            select(func.count()).select_from(users).where(present)
        )
        return [user_of(row) for row in found], total or 0

    async def active_admins(self) -> set[str]:
        """Return the ids of all who can administer, and keep them so until the end."""
        found = await self._connection.execute(
            select(users.c.user_id)
            .where(users.c.role == Role.ADMIN, users.c.status == UserStatus.ACTIVE)
            .order_by(users.c.user_id)
            .with_for_update()
        )
        return set(found.scalars())

    async def add_user(self, user: User) -> None:
        """Store a new user; his name must be new."""
        await self._connection.execute(insert(users).values(**msgspec.structs.asdict(user)))

    async def put_user(self, user: User) -> None:
        """Overwrite a user."""
        await self._connection.execute(
            update(users)
            .where(users.c.user_id == user.user_id)
            .values(**msgspec.structs.asdict(user))
        )

    async def add_service_token(self, token: ServiceToken) -> None:
        """Store a new token; its name must be new."""
        values = msgspec.structs.asdict(token) | {"scopes": ",".join(sorted(token.scopes))}
        await self._connection.execute(insert(service_tokens).values(**values))

    async def service_token(self, token_id: str) -> ServiceToken | None:
        """Return a token by its id."""
        return await self._one_token(
            select(service_tokens).where(service_tokens.c.token_id == token_id)
        )

    async def service_token_named(self, name: str) -> ServiceToken | None:
        """Return a token by its name."""
        return await self._one_token(select(service_tokens).where(service_tokens.c.name == name))

    async def service_token_hashed(self, token_hash: str) -> ServiceToken | None:
        """Return a token by its hash."""
        return await self._one_token(
            select(service_tokens).where(service_tokens.c.token_hash == token_hash)
        )

    async def service_tokens(self, offset: int, limit: int) -> tuple[list[ServiceToken], int]:
        """Return tokens by name, revoked ones included, and how many there are."""
        found = await self._connection.execute(
            select(service_tokens).order_by(service_tokens.c.name).offset(offset).limit(limit)
        )
        total = await self._connection.scalar(select(func.count()).select_from(service_tokens))
        return [_token_of(row) for row in found], total or 0

    async def revoke_service_token(self, token_id: str, now: datetime) -> bool:
        """Revoke a token; False when it is unknown or revoked already."""
        changed = await self._connection.execute(
            update(service_tokens)
            .where(service_tokens.c.token_id == token_id, service_tokens.c.revoked_time.is_(None))
            .values(revoked_time=now)
        )
        return changed.rowcount == 1

    async def add_access_events(self, events: Sequence[AccessEvent]) -> None:
        """Add to the record of access."""
        rows = [msgspec.structs.asdict(event) for event in events]
        for row in rows:
            del row["event_id"]
        await self._connection.execute(insert(access_events), rows)

    async def access_events(self, before: int | None, limit: int) -> list[AccessEvent]:
        """Return rows of the record, newest first, from those before an event on."""
        query = select(access_events).order_by(access_events.c.event_id.desc()).limit(limit)
        if before is not None:
            query = query.where(access_events.c.event_id < before)
        return [AccessEvent(**row._mapping) for row in await self._connection.execute(query)]  # noqa: SLF001 - public, named so by the library

    async def _one_user(self, query: Select[Any]) -> User | None:
        row = (await self._connection.execute(query)).first()
        return None if row is None else user_of(row)

    async def _one_token(self, query: Select[Any]) -> ServiceToken | None:
        row = (await self._connection.execute(query)).first()
        return None if row is None else _token_of(row)


def user_of(row: Row[Any]) -> User:
    """Return a row of `users`, or one that holds all its columns, as a user."""
    return User(
        user_id=row.user_id,
        name=row.name,
        display_name=row.display_name,
        role=Role(row.role),
        status=UserStatus(row.status),
        password_hash=row.password_hash,
        must_change_password=row.must_change_password,
        version=row.version,
        created_time=row.created_time,
        updated_time=row.updated_time,
    )


def _token_of(row: Row[Any]) -> ServiceToken:
    return ServiceToken(
        token_id=row.token_id,
        name=row.name,
        token_hash=row.token_hash,
        scopes=frozenset(Scope(scope) for scope in row.scopes.split(",")),
        created_by=row.created_by,
        created_time=row.created_time,
        expires_time=row.expires_time,
        revoked_time=row.revoked_time,
    )
