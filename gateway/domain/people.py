"""Users, service tokens, sessions, and the caller that a request comes from."""

from datetime import datetime
from enum import StrEnum

import msgspec

from gateway.domain.permission import Permission, Role, Scope

# A name goes into audit rows and is never given to somebody else. It cannot hold a colon, which
# sets the names of service tokens apart.
NAME_PATTERN = r"^[a-z0-9][a-z0-9._@+-]{1,47}\Z"
NAME_LENGTH_MAX = 48
TOKEN_NAME_PATTERN = r"^[a-z0-9][a-z0-9._-]{1,47}\Z"  # noqa: S105 - a pattern, not a secret


class UserStatus(StrEnum):
    """Whether a user may come in. A removed one stays for the audit rows that name him."""

    ACTIVE = "ACTIVE"
    DISABLED = "DISABLED"
    REMOVED = "REMOVED"


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A person.

    Attributes:
        password_hash: argon2id; empty where the person cannot log in by password.
        must_change_password: until he has, nothing else is allowed.
        version: counts what ends every session: a new password, being disabled or removed.
    """

    user_id: str
    name: str
    display_name: str
    role: Role
    status: UserStatus
    password_hash: str
    must_change_password: bool
    version: int
    created_time: datetime
    updated_time: datetime

    def __repr__(self) -> str:
        """Return who it is, without the hash."""
        return f"User({self.user_id!r}, {self.name!r}, {self.role}, {self.status})"


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One login and all refresh tokens that came of it.

    Attributes:
        user_version: the user's when he logged in.
        expires_time: when he has to log in again, however often he refreshed.
        end_reason: why it ended early; empty while it lives.
    """

    session_id: str
    user_id: str
    user_version: int
    created_time: datetime
    expires_time: datetime
    ended_time: datetime | None
    end_reason: str


class RefreshToken(msgspec.Struct, frozen=True, kw_only=True):
    """A refresh token as it is stored: by its hash, once."""

    token_hash: str
    session_id: str
    issued_time: datetime
    used_time: datetime | None


class ServiceToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token for a program, stored by its hash."""

    token_id: str
    name: str
    token_hash: str
    scopes: frozenset[Scope]
    created_by: str
    created_time: datetime
    expires_time: datetime
    revoked_time: datetime | None

    def __repr__(self) -> str:
        """Return which it is, without the hash."""
        return f"ServiceToken({self.token_id!r}, {self.name!r})"


class AccessEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the record of access, which is only ever added to.

    Attributes:
        actor: name of who did it; for a refused login the name that was given.
        subject: name of the user or token it was done to.
        client: address it came from; empty for the command line.
    """

    event_id: int | None
    event_time: datetime
    action: str
    actor: str
    subject: str
    client: str
    detail: str


class Throttle(msgspec.Struct, frozen=True, kw_only=True):
    """Failed logins for one account name or one client, by a hash of it."""

    key: str
    failures: int
    last_failure_time: datetime
    blocked_until: datetime


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who a request comes from.

    Attributes:
        name: goes into audit rows; empty without login, where the request names the analyst.
        session_id: of a user's session; empty otherwise.
    """

    user_id: str
    name: str
    permissions: frozenset[Permission]
    session_id: str = ""
    must_change_password: bool = False


ANYBODY = Caller(user_id="", name="", permissions=frozenset({Permission.PUBLIC}))
# Development without login: whoever reaches the port may do everything that is not about a login.
WITHOUT_LOGIN = Caller(user_id="", name="", permissions=frozenset(Permission) - {Permission.OWN})
