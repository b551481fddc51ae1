"""Looking after users and service tokens. Every change is a row in the record of access."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from gateway.domain.people import (
    NAME_PATTERN,
    TOKEN_NAME_PATTERN,
    AccessEvent,
    ServiceToken,
    User,
    UserStatus,
)
from gateway.domain.permission import Role, Scope
from gateway.domain.secret import password_fault
from gateway.errors import ConflictError, FieldFault, InvalidArgumentError, NotFoundError
from gateway.services.people_ports import PeopleDatabase, PeopleUnit
from gateway.services.tokens import SERVICE_PREFIX, random_token, token_hash

TOKEN_LIFETIME_DAYS_MAX = 3650


class Author(msgspec.Struct, frozen=True):
    """Who does it, and from where."""

    name: str
    client: str


class UserChange(msgspec.Struct, frozen=True, kw_only=True):
    """What to change about a user; None leaves it.

    Attributes:
        password_hash: of a password that somebody else has chosen, so it has to be changed.
    """

    role: Role | None = None
    display_name: str | None = None
    disabled: bool | None = None
    password_hash: str | None = None


class PeopleService:
    """The use cases of /api/users, /api/tokens and the `anomaly user` command."""

    def __init__(
        self, database: PeopleDatabase, now: Callable[[], datetime], new_id: Callable[[str], str]
    ) -> None:
        self._database = database
        self._now = now
        self._new_id = new_id

    async def add_user(
        self,
        name: str,
        display_name: str,
        role: Role,
        password_hash: str,
        author: Author,
        *,
        must_change_password: bool,
    ) -> User:
        """Store a new user.

        Raises:
            InvalidArgumentError: the name has another form than NAME_PATTERN.
            ConflictError: somebody has or had the name.
        """
        _require_name("name", name, NAME_PATTERN)
        now = self._now()
        user = User(
            user_id=self._new_id("usr"),
            name=name,
            display_name=display_name or name,
            role=role,
            status=UserStatus.ACTIVE,
            password_hash=password_hash,
            must_change_password=must_change_password,
            version=1,
            created_time=now,
            updated_time=now,
        )
        async with self._database.write() as unit:
            if await unit.people.user_named(name) is not None:
                raise ConflictError(
                    "somebody has or had this name; names are not given twice",
                    reason="NAME_TAKEN",
                    details={"name": name},
                )
            await unit.people.add_user(user)
            await self._record(unit, "USER_ADDED", author, name, f"role={role}")
        return user

    async def users(self, page: int, limit: int) -> tuple[list[User], int]:
        """Return a page of users by name, and how many there are."""
        async with self._database.read() as unit:
            return await unit.people.users((page - 1) * limit, limit)

    async def user(self, user_id: str) -> User:
        """Return a user or raise NotFoundError."""
        async with self._database.read() as unit:
            return _present(await unit.people.user(user_id))

    async def user_named(self, name: str) -> User:
        """Return a user by name or raise NotFoundError."""
        async with self._database.read() as unit:
            return _present(await unit.people.user_named(name))

    async def change_user(self, user_id: str, change: UserChange, author: Author) -> User:
        """Change a user. A new role holds from his next request on.

        Being disabled, or given a password, ends all his sessions.

        Raises:
            NotFoundError: no such user.
            ConflictError: he is the last who can administer.
        """
        async with self._database.write() as unit:
            admins = await unit.people.active_admins()
            before = _present(await unit.people.user(user_id, lock=True))
            after = _changed(before, change, self._now())
            administers = after.role is Role.ADMIN and after.status is UserStatus.ACTIVE
            if admins == {user_id} and not administers:
                raise _last_admin()
            await unit.people.put_user(after)
            if after.version != before.version:
                await unit.sessions.end_all_of(user_id, "USER_CHANGED", self._now())
            await self._record(unit, "USER_CHANGED", author, after.name, _difference(before, after))
        return after

    async def remove_user(self, user_id: str, author: Author) -> None:
        """Remove a user: his tokens are refused at once, and his name stays taken.

        Raises:
            NotFoundError: no such user.
            ConflictError: he is the last who can administer.
        """
        async with self._database.write() as unit:
            admins = await unit.people.active_admins()
            user = _present(await unit.people.user(user_id, lock=True))
            if admins == {user_id}:
                raise _last_admin()
            await unit.people.put_user(
                msgspec.structs.replace(
                    user,
                    status=UserStatus.REMOVED,
                    password_hash="",
                    version=user.version + 1,
                    updated_time=self._now(),
                )
            )
            await unit.sessions.end_all_of(user_id, "USER_REMOVED", self._now())
            await self._record(unit, "USER_REMOVED", author, user.name, "")

    async def add_token(
        self, name: str, scopes: frozenset[Scope], lifetime_days: int, author: Author
    ) -> tuple[ServiceToken, str]:
        """Return a new service token, and its text, which cannot be had again.

        Raises:
            InvalidArgumentError: a name of another form, or no scope.
            ConflictError: a token has or had the name.
        """
        _require_name("name", name, TOKEN_NAME_PATTERN)
        if not scopes:
            raise _bad("scopes", f"scopes must hold at least one of {', '.join(Scope)}")
        text = random_token(SERVICE_PREFIX)
        now = self._now()
        token = ServiceToken(
            token_id=self._new_id("tok"),
            name=name,
            token_hash=token_hash(text),
            scopes=scopes,
            created_by=author.name,
            created_time=now,
            expires_time=now + timedelta(days=lifetime_days),
            revoked_time=None,
        )
        async with self._database.write() as unit:
            if await unit.people.service_token_named(name) is not None:
                raise ConflictError(
                    "a token has or had this name; names are not given twice",
                    reason="NAME_TAKEN",
                    details={"name": name},
                )
            await unit.people.add_service_token(token)
            detail = f"scopes={','.join(sorted(scopes))} days={lifetime_days}"
            await self._record(unit, "TOKEN_ADDED", author, name, detail)
        return token, text

    async def tokens(self, page: int, limit: int) -> tuple[list[ServiceToken], int]:
        """Return a page of service tokens by name, and how many there are."""
        async with self._database.read() as unit:
            return await unit.people.service_tokens((page - 1) * limit, limit)

    async def revoke_token(self, token_id: str, author: Author) -> None:
        """Revoke a service token: it is refused at once. Again is no fault.

        Raises:
            NotFoundError: no such token.
        """
        async with self._database.write() as unit:
            token = await unit.people.service_token(token_id)
            if token is None:
                raise NotFoundError("no such token", details={"token_id": token_id})
            if await unit.people.revoke_service_token(token_id, self._now()):
                await self._record(unit, "TOKEN_REVOKED", author, token.name, "")

    async def events(self, before: int | None, limit: int) -> list[AccessEvent]:
        """Return the record of access, newest first."""
        async with self._database.read() as unit:
            return await unit.people.access_events(before, limit)

    async def _record(
        self, unit: PeopleUnit, action: str, author: Author, subject: str, detail: str
    ) -> None:
        event = AccessEvent(
            event_id=None,
            event_time=self._now(),
            action=action,
            actor=author.name,
            subject=subject,
            client=author.client,
            detail=detail,
        )
        await unit.people.add_access_events([event])


def require_good_password(field: str, password: str, name: str) -> None:
    """Raise InvalidArgumentError unless a new password is good enough."""
    if fault := password_fault(password, name):
        raise _bad(field, fault)


def _present(user: User | None) -> User:
    if user is None or user.status is UserStatus.REMOVED:
        raise NotFoundError("no such user")
    return user


def _changed(user: User, change: UserChange, now: datetime) -> User:
    status = user.status
    if change.disabled is not None:
        status = UserStatus.DISABLED if change.disabled else UserStatus.ACTIVE
    new_password = change.password_hash is not None
    ends_sessions = new_password or status != user.status
    return msgspec.structs.replace(
        user,
        role=user.role if change.role is None else change.role,
        display_name=user.display_name if change.display_name is None else change.display_name,
        status=status,
        password_hash=user.password_hash if change.password_hash is None else change.password_hash,
        must_change_password=user.must_change_password or new_password,
        version=user.version + int(ends_sessions),
        updated_time=now,
    )


def _difference(before: User, after: User) -> str:
    parts = [
        f"{name}={getattr(before, name)}->{getattr(after, name)}"
        for name in ("role", "status", "display_name")
        if getattr(before, name) != getattr(after, name)
    ]
    if before.password_hash != after.password_hash:
        parts.append("password was set")
    return " ".join(parts)


def _require_name(field: str, name: str, pattern: str) -> None:
    if not re.fullmatch(pattern, name):
        raise _bad(field, f"{field} must match {pattern}")


def _last_admin() -> ConflictError:
    return ConflictError(
        "the last active admin cannot be removed, disabled or given another role",
        reason="LAST_ADMIN",
    )


def _bad(field: str, message: str) -> InvalidArgumentError:
    return InvalidArgumentError(message, faults=(FieldFault(field, message),))
