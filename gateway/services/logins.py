"""Logging in and out, and staying logged in.

A login gives a short-lived access token and a refresh token that is good once. Each refresh gives a
new pair; a refresh token that comes a second time was stolen, from one of the two who show it, so
the whole session ends.
"""

from collections.abc import Callable
from datetime import datetime

import msgspec

from gateway.domain import throttling
from gateway.domain.people import Caller, User, UserStatus
from gateway.domain.permission import Role
from gateway.domain.secret import password_fault
from gateway.errors import (
    FieldFault,
    InvalidArgumentError,
    PermissionDeniedError,
    UnauthenticatedError,
)
from gateway.services.attempts import Attempts, account_key, client_key, throttled
from gateway.services.passwords import Passwords
from gateway.services.people_ports import PeopleDatabase
from gateway.services.session_tokens import (
    SESSION_MEMORY,
    Login,
    SessionTokens,
    access_event,
)
from gateway.services.tokens import token_hash, token_refused

_NAME_LENGTH_MAX = 48


class LoginService:
    """The use cases of /api/auth."""

    def __init__(
        self,
        database: PeopleDatabase,
        passwords: Passwords,
        sessions: SessionTokens,
        now: Callable[[], datetime],
        password_roles: frozenset[Role] = frozenset(Role),
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._sessions = sessions
        self._now = now
        self._password_roles = password_roles
        self._attempts = Attempts(now)

    async def log_in(self, name: str, password: str, client: str) -> Login:
        """Return the tokens of a new session.

        Raises:
            UnauthenticatedError: name or password is wrong, or the user is disabled; the answer and
                the work behind it are the same for all of these.
            PermissionDeniedError: he has to log in through the identity provider.
            ResourceExhaustedError: too many failures for this name or from this client.
        """
        if not self._password_roles:
            raise _passwords_off()
        name = name.strip().lower()[:_NAME_LENGTH_MAX]
        account, address = account_key(name), client_key(client)
        async with self._database.write() as unit:
            refused_for_s = await self._attempts.count(unit, account, address)
            user = await unit.people.user_named(name)
        if refused_for_s:
            raise throttled(refused_for_s)
        known = user is not None and user.status is UserStatus.ACTIVE
        matches = await self._passwords.matches(
            user.password_hash if user is not None and known else "", password
        )
        now = self._now()
        if user is None or not matches:
            # An unknown name may be a password in the wrong field; it is not kept.
            await self._record("LOGIN_REFUSED", user.name if user else "unknown", client)
            raise UnauthenticatedError("name or password is wrong", reason="LOGIN_REFUSED")
        if user.role not in self._password_roles:
            await self._record("LOGIN_REFUSED", user.name, client)
            raise _passwords_off()
        async with self._database.write() as unit:
            await self._attempts.succeeded(unit, account, address)
            await unit.sessions.forget(now - SESSION_MEMORY, now - throttling.MEMORY)
            await unit.people.add_access_events([access_event(now, "LOGIN", user.name, client)])
            return await self._sessions.open(unit, user)

    async def refresh(self, refresh_token: str, client: str) -> Login:
        """Return new tokens for a refresh token, which is used up.

        Raises:
            UnauthenticatedError: the token is unknown, expired or used; when it was used before,
                its session has ended now.
        """
        now = self._now()
        login = None
        async with self._database.write() as unit:
            found = await unit.sessions.refresh_token(token_hash(refresh_token))
            owner = await unit.sessions.with_user(found.session_id) if found else None
            if found is not None and owner is not None:
                session, user = owner
                alive = (
                    session.ended_time is None
                    and session.expires_time > now
                    and user.status is UserStatus.ACTIVE
                    and user.version == session.user_version
                )
                if alive and await unit.sessions.use_refresh_token(found.token_hash, now):
                    login = await self._sessions.renew(unit, session, user)
                elif alive and await unit.sessions.end(session.session_id, "TOKEN_REUSED", now):
                    await unit.people.add_access_events(
                        [access_event(now, "REFRESH_TOKEN_REUSED", user.name, client)]
                    )
        if login is None:
            raise token_refused()
        return login

    async def log_out(self, caller: Caller, client: str) -> None:
        """End the caller's session: its access and refresh tokens are refused from now on."""
        now = self._now()
        async with self._database.write() as unit:
            if await unit.sessions.end(caller.session_id, "LOGOUT", now):
                await unit.people.add_access_events(
                    [access_event(now, "LOGOUT", caller.name, client)]
                )

    async def me(self, caller: Caller) -> User:
        """Return the caller's own user."""
        async with self._database.read() as unit:
            user = await unit.people.user(caller.user_id)
        if user is None:
            raise token_refused()
        return user

    async def change_password(self, caller: Caller, current: str, new: str, client: str) -> None:
        """Change the caller's own password; all sessions end, this one too.

        Raises:
            InvalidArgumentError: the current one is wrong, or the new one is not good enough.
            ResourceExhaustedError: too many failures.
        """
        if current == new:
            raise _bad("new_password", "the new password must be another one")
        if fault := password_fault(new, caller.name):
            raise _bad("new_password", fault)
        account = account_key(caller.name)
        async with self._database.write() as unit:
            refused_for_s = await self._attempts.count(unit, account)
            user = await unit.people.user(caller.user_id)
        if refused_for_s:
            raise throttled(refused_for_s)
        if user is None:
            raise token_refused()
        if not await self._passwords.matches(user.password_hash, current):
            await self._record("PASSWORD_REFUSED", caller.name, client)
            raise _bad("current_password", "the current password is wrong")
        hashed = await self._passwords.hash(new)
        now = self._now()
        async with self._database.write() as unit:
            locked = await unit.people.user(caller.user_id, lock=True)
            if locked is None or locked.version != user.version:
                raise token_refused()
            await self._attempts.succeeded(unit, account)
            await unit.people.put_user(
                msgspec.structs.replace(
                    locked,
                    password_hash=hashed,
                    must_change_password=False,
                    version=locked.version + 1,
                    updated_time=now,
                )
            )
            await unit.sessions.end_all_of(user.user_id, "PASSWORD_CHANGED", now)
            await unit.people.add_access_events(
                [access_event(now, "PASSWORD_CHANGED", user.name, client)]
            )

    async def _record(self, action: str, name: str, client: str) -> None:
        async with self._database.write() as unit:
            await unit.people.add_access_events([access_event(self._now(), action, name, client)])


def _passwords_off() -> PermissionDeniedError:
    return PermissionDeniedError(
        "log in through the identity provider: GET /api/auth/oidc/login",
        reason="PASSWORD_LOGIN_OFF",
    )


def _bad(field: str, message: str) -> InvalidArgumentError:
    return InvalidArgumentError(message, faults=(FieldFault(field, message),))
