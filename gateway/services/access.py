"""Who a request comes from, looked up in the database at each, so that a refusal holds at once."""

from collections.abc import Callable
from datetime import datetime

from gateway.domain.people import ANYBODY, WITHOUT_LOGIN, Caller, UserStatus
from gateway.domain.permission import (
    ROLE_PERMISSIONS,
    Permission,
    scope_permissions,
)
from gateway.errors import PermissionDeniedError, UnauthenticatedError
from gateway.services.people_ports import PeopleDatabase
from gateway.services.tokens import SERVICE_PREFIX, AccessTokens, token_hash, token_refused

_SCHEME = "bearer"
# Names of service tokens in audit rows; no user's name holds a colon.
SERVICE_NAME_PREFIX = "token:"


class AccessService:
    """Tells who calls, and refuses what he may not do."""

    def __init__(
        self,
        database: PeopleDatabase,
        tokens: AccessTokens,
        now: Callable[[], datetime],
        *,
        login_required: bool,
    ) -> None:
        self._database = database
        self._tokens = tokens
        self._now = now
        self._without_token = ANYBODY if login_required else WITHOUT_LOGIN

    async def caller(self, authorization: str) -> Caller:
        """Return who shows this Authorization header; it may be empty.

        Raises:
            UnauthenticatedError: the token is not accepted: unknown, changed, expired, revoked, or
                of a session that ended or a user who was disabled or removed.
        """
        if not authorization:
            return self._without_token
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() != _SCHEME or not token:
            raise UnauthenticatedError("Authorization must be `Bearer` and a token")
        if token.startswith(SERVICE_PREFIX):
            return await self._service(token)
        return await self._user(token)

    async def _service(self, token: str) -> Caller:
        async with self._database.read() as unit:
            found = await unit.people.service_token_hashed(token_hash(token))
        if found is None or found.revoked_time is not None or found.expires_time <= self._now():
            raise token_refused()
        return Caller(
            user_id=found.token_id,
            name=SERVICE_NAME_PREFIX + found.name,
            permissions=scope_permissions(found.scopes),
        )

    async def _user(self, token: str) -> Caller:
        claims = self._tokens.check(token)
        async with self._database.read() as unit:
            found = await unit.sessions.with_user(claims.session_id)
        if found is None:
            raise token_refused()
        session, user = found
        valid = (
            session.ended_time is None
            and session.expires_time > self._now()
            and session.user_id == claims.user_id
            and user.status is UserStatus.ACTIVE
            and user.version == claims.user_version
        )
        if not valid:
            raise token_refused()
        return Caller(
            user_id=user.user_id,
            name=user.name,
            permissions=ROLE_PERMISSIONS[user.role],
            session_id=session.session_id,
            must_change_password=user.must_change_password,
        )


def require(caller: Caller, needed: Permission) -> None:
    """Return when a caller has a permission.

    Raises:
        UnauthenticatedError: he has to log in first.
        PermissionDeniedError: he may not do that.
    """
    if needed is Permission.PUBLIC:
        return
    if not caller.user_id and needed not in caller.permissions:
        raise UnauthenticatedError("log in first: POST /api/auth/login gives a token")
    if caller.must_change_password and needed is not Permission.OWN:
        raise PermissionDeniedError(
            "change the password first: PUT /api/auth/password", reason="PASSWORD_CHANGE_REQUIRED"
        )
    if needed not in caller.permissions:
        raise PermissionDeniedError(
            f"this needs the permission {needed}", details={"permission": needed}
        )
