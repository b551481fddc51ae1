"""Sessions and their tokens, however somebody has logged in."""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from gateway.domain.people import AccessEvent, RefreshToken, Session, User
from gateway.services.people_ports import PeopleUnit
from gateway.services.tokens import (
    REFRESH_PREFIX,
    AccessTokens,
    Claims,
    random_token,
    token_hash,
)

# Ended sessions are kept for so long, so that a stolen refresh token is still recognised.
SESSION_MEMORY = timedelta(days=7)


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """What a login or a refresh gives; lives are in seconds."""

    access_token: str
    access_lifetime_s: int
    refresh_token: str
    refresh_lifetime_s: int
    user: User


class SessionTokens:
    """Opens sessions and gives out their tokens, inside the caller's transaction."""

    def __init__(
        self,
        tokens: AccessTokens,
        now: Callable[[], datetime],
        new_id: Callable[[str], str],
        session_lifetime: timedelta,
    ) -> None:
        self._tokens = tokens
        self._now = now
        self._new_id = new_id
        self._session_lifetime = session_lifetime

    async def open(self, unit: PeopleUnit, user: User) -> Login:
        """Return the tokens of a new session."""
        now = self._now()
        session = Session(
            session_id=self._new_id("ses"),
            user_id=user.user_id,
            user_version=user.version,
            created_time=now,
            expires_time=now + self._session_lifetime,
            ended_time=None,
            end_reason="",
        )
        await unit.sessions.add(session)
        return await self.renew(unit, session, user)

    async def renew(self, unit: PeopleUnit, session: Session, user: User) -> Login:
        """Return new tokens of a session that goes on."""
        now = self._now()
        refresh = random_token(REFRESH_PREFIX)
        await unit.sessions.add_refresh_token(
            RefreshToken(
                token_hash=token_hash(refresh),
                session_id=session.session_id,
                issued_time=now,
                used_time=None,
            )
        )
        access, lifetime_s = self._tokens.issue(
            Claims(user.user_id, session.session_id, session.user_version), session.expires_time
        )
        return Login(
            access_token=access,
            access_lifetime_s=lifetime_s,
            refresh_token=refresh,
            refresh_lifetime_s=max(0, int((session.expires_time - now).total_seconds())),
            user=user,
        )


def access_event(now: datetime, action: str, name: str, client: str) -> AccessEvent:
    """Return a row of the record about somebody who did something to himself."""
    return AccessEvent(
        event_id=None,
        event_time=now,
        action=action,
        actor=name,
        subject=name,
        client=client,
        detail="",
    )
