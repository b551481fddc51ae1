"""Logging in through an identity provider (authorization code flow with PKCE, state and nonce).

A user belongs to an identity, the pair of issuer and subject, for good. A name or an address that
the provider tells never leads to a user who is there already: either may be given to somebody else,
there or here.
"""

import hmac
from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import urlsplit

import msgspec

from gateway.domain import throttling
from gateway.domain.identity import Identity, highest_role, values_of
from gateway.domain.people import AccessEvent, User, UserStatus
from gateway.domain.permission import Role
from gateway.errors import (
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    RowsRefusedError,
    UnauthenticatedError,
)
from gateway.services.login_flow import LoginFlows
from gateway.services.oidc_ports import Provider
from gateway.services.people_ports import PeopleDatabase, PeopleUnit
from gateway.services.session_tokens import SESSION_MEMORY, Login, SessionTokens, access_event

_ACTOR_LENGTH_MAX = 64


class Answer(msgspec.Struct, frozen=True):
    """What the browser brings back from the provider; each may be empty."""

    code: str
    state: str
    issuer: str
    error: str


class Rules(msgspec.Struct, frozen=True):
    """What the claims of a provider mean here."""

    issuer: str
    role_claim: str
    roles: Mapping[str, Role]


class OidcLogins:
    """The use cases of /api/auth/oidc."""

    def __init__(
        self,
        database: PeopleDatabase,
        provider: Provider | None,
        flows: LoginFlows,
        sessions: SessionTokens,
        rules: Rules,
        now: Callable[[], datetime],
        new_id: Callable[[str], str],
    ) -> None:
        self._database = database
        self._given_provider = provider
        self._flows = flows
        self._sessions = sessions
        self._rules = rules
        self._now = now
        self._new_id = new_id
        # A user name holds no colon, so that this is nobody else.
        self._actor = f"provider:{urlsplit(rules.issuer).netloc}"[:_ACTOR_LENGTH_MAX]

    @property
    def _provider(self) -> Provider:
        if self._given_provider is None:
            raise NotFoundError("no identity provider is configured", reason="NO_IDENTITY_PROVIDER")
        return self._given_provider

    async def begin(self) -> tuple[str, str]:
        """Return where to send somebody who wants to log in, and what his browser keeps meanwhile.

        Raises:
            NotFoundError: there is no provider.
            UnavailableError: it is away or too slow.
        """
        flow = self._flows.begin()
        url = await self._provider.authorization_url(flow.state, flow.nonce, flow.challenge)
        return url, self._flows.seal(flow)

    async def complete(self, answer: Answer, sealed: str, client: str) -> Login:
        """Return the tokens of a new session for what a browser brings back.

        Raises:
            UnauthenticatedError: it is no answer to what this browser asked, or the provider
                vouches for nobody, or the user is disabled.
            PermissionDeniedError: nothing that the provider says of him gives him a role.
            ConflictError: he is the last who can administer, and would be no more.
            UnavailableError: the provider is away or too slow.
        """
        provider = self._provider
        flow = self._flows.unseal(sealed)
        if flow is None or not hmac.compare_digest(flow.state.encode(), answer.state.encode()):
            raise UnauthenticatedError(
                "this browser did not ask for this login, or too long ago: begin again",
                reason="LOGIN_FLOW_UNKNOWN",
            )
        if answer.error or not answer.code:
            raise UnauthenticatedError(
                "the identity provider did not log you in", reason="IDENTITY_REFUSED"
            )
        claims = await provider.claims(answer.code, flow.verifier, flow.nonce, answer.issuer)
        identity = Identity(
            issuer=self._rules.issuer, subject=str(claims["sub"]), claims=dict(claims)
        )
        try:
            return await self._log_in(identity, client)
        except RowsRefusedError:
            # Somebody else was added at the same moment, such as the same person in two windows.
            return await self._log_in(identity, client)

    async def logout_url(self) -> str | None:
        """Return where to end the session with the provider; None without such a place."""
        return None if self._given_provider is None else await self._given_provider.logout_url()

    async def _log_in(self, identity: Identity, client: str) -> Login:
        now = self._now()
        role = highest_role(values_of(identity.claims, self._rules.role_claim), self._rules.roles)
        async with self._database.write() as unit:
            await unit.sessions.forget(now - SESSION_MEMORY, now - throttling.MEMORY)
            user = await unit.people.user_of_identity(identity.issuer, identity.subject)
            if user is None and role is not None:
                user = await self._add(unit, identity, role, now)
            if user is not None and role is not None and user.status is UserStatus.ACTIVE:
                user = await self._with_role(unit, user, role, now)
                await unit.people.add_access_events([access_event(now, "LOGIN", user.name, client)])
                return await self._sessions.open(unit, user)
            name = user.name if user else "unknown"
            if user is not None:
                await unit.sessions.end_all_of(user.user_id, "LOGIN_REFUSED", now)
            refused = access_event(now, "LOGIN_REFUSED", name, client)
            await unit.people.add_access_events([refused])
        if role is None:
            raise PermissionDeniedError(
                "the identity provider gives you no role here", reason="NO_ROLE"
            )
        raise UnauthenticatedError("the user is disabled", reason="LOGIN_REFUSED")

    async def _add(self, unit: PeopleUnit, identity: Identity, role: Role, now: datetime) -> User:
        taken = await unit.people.user_named(identity.name) is not None
        name = identity.name_apart if taken else identity.name
        user = User(
            user_id=self._new_id("usr"),
            name=name,
            display_name=identity.display_name or name,
            role=role,
            status=UserStatus.ACTIVE,
            password_hash="",
            must_change_password=False,
            version=1,
            created_time=now,
            updated_time=now,
        )
        await unit.people.add_user(user)
        await unit.people.add_identity(identity.issuer, identity.subject, user.user_id, now)
        await unit.people.add_access_events([self._event(now, "USER_ADDED", name, f"role={role}")])
        return user

    async def _with_role(self, unit: PeopleUnit, user: User, role: Role, now: datetime) -> User:
        if user.role is role:
            return user
        admins = await unit.people.active_admins()
        if admins == {user.user_id}:
            raise ConflictError(
                "the identity provider makes the last active admin something else: add another "
                "first",
                reason="LAST_ADMIN",
            )
        locked = await unit.people.user(user.user_id, lock=True)
        changed = msgspec.structs.replace(locked or user, role=role, updated_time=now)
        await unit.people.put_user(changed)
        detail = f"role={user.role}->{role}"
        await unit.people.add_access_events([self._event(now, "USER_CHANGED", user.name, detail)])
        return changed

    def _event(self, now: datetime, action: str, subject: str, detail: str) -> AccessEvent:
        return AccessEvent(
            event_id=None,
            event_time=now,
            action=action,
            actor=self._actor,
            subject=subject,
            client="",
            detail=detail,
        )
