"""Bodies of the endpoints about logging in, users, service tokens and the record of access."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from gateway.domain.people import NAME_LENGTH_MAX, NAME_PATTERN, TOKEN_NAME_PATTERN, UserStatus
from gateway.domain.permission import Permission, Role, Scope
from gateway.domain.secret import PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN
from gateway.rest.schemas.alerts import PaginationBody
from gateway.rest.structure_schemas import JSON_SCHEMA
from gateway.services.people import TOKEN_LIFETIME_DAYS_MAX

_SECRET_TEXT_LENGTH_MAX = 1024

GivenName = Annotated[
    str, Meta(min_length=1, max_length=NAME_LENGTH_MAX, pattern=r"^[^\x00-\x1f\x7f]*\Z")
]
Name = Annotated[str, Meta(max_length=NAME_LENGTH_MAX, pattern=NAME_PATTERN)]
TokenName = Annotated[str, Meta(max_length=NAME_LENGTH_MAX, pattern=TOKEN_NAME_PATTERN)]
DisplayName = Annotated[str, Meta(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*\Z")]
# Refused with a sentence of its own when it is too short, so the bounds are only told here.
NewSecretText = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=_SECRET_TEXT_LENGTH_MAX,
        extra={
            JSON_SCHEMA: {
                "type": "string",
                "minLength": PASSWORD_LENGTH_MIN,
                "maxLength": PASSWORD_LENGTH_MAX,
            }
        },
    ),
]
SecretText = Annotated[str, Meta(min_length=1, max_length=_SECRET_TEXT_LENGTH_MAX)]


class LoginBody(Struct, kw_only=True):
    """Name and password."""

    username: GivenName
    password: SecretText


class RefreshBody(Struct, kw_only=True):
    """The refresh token of the login or refresh before; it is used up."""

    refresh_token: SecretText


class PasswordBody(Struct, kw_only=True):
    """A new password of one's own, 12 to 128 characters."""

    current_password: SecretText
    new_password: NewSecretText


class UserBody(Struct, kw_only=True):
    """A user."""

    user_id: str
    username: str
    display_name: str
    role: Role
    status: UserStatus
    must_change_password: bool
    created_at: datetime
    updated_at: datetime


class MeBody(UserBody, kw_only=True):
    """The caller, and what he may do."""

    permissions: list[Permission]


class LoginTokensBody(Struct, kw_only=True):
    """Tokens of a session.

    Attributes:
        expires_in: seconds that the access token is good for.
        refresh_expires_in: seconds until one has to log in again.
    """

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str
    refresh_expires_in: int
    user: UserBody


class NewUserBody(Struct, kw_only=True):
    """A user to add. He has to change the password at his first login."""

    username: Name
    password: NewSecretText
    role: Role
    display_name: DisplayName = ""


class UserChangeBody(Struct, kw_only=True):
    """What to change; what is left out stays.

    Attributes:
        disabled: true ends all sessions and refuses new ones.
        password: ends all sessions; the user has to change it at his next login.
    """

    role: Role | None = None
    display_name: DisplayName | None = None
    disabled: bool | None = None
    password: NewSecretText | None = None


class ServiceTokenBody(Struct, kw_only=True):
    """A service token, without its text."""

    token_id: str
    name: str
    scopes: list[Scope]
    created_by: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


class NewServiceTokenBody(Struct, kw_only=True):
    """A service token to add."""

    name: TokenName
    scopes: Annotated[list[Scope], Meta(min_length=1, max_length=len(Scope))]
    expires_in_days: Annotated[int, Meta(ge=1, le=TOKEN_LIFETIME_DAYS_MAX)] = 90


class ServiceTokenAdded(ServiceTokenBody, kw_only=True):
    """A new service token; `token` is shown this once."""

    token: str


class AccessEventBody(Struct, kw_only=True):
    """A row of the record of access."""

    event_id: int
    timestamp: datetime
    action: str
    actor: str
    subject: str
    client: str
    detail: str


class Done(Struct, kw_only=True):
    """It was done."""

    success: bool
    message: str


class LoggedOut(Done, kw_only=True):
    """The session has ended.

    Attributes:
        provider_logout_url: where to end the one with the identity provider too; null unless the
            user logs in there and it names a place.
    """

    provider_logout_url: str | None


class LoginEnvelope(Struct):
    """Tokens as `data`."""

    data: LoginTokensBody


class MeEnvelope(Struct):
    """The caller as `data`."""

    data: MeBody


class UserEnvelope(Struct):
    """A user as `data`."""

    data: UserBody


class UserListBody(Struct):
    """A page of users."""

    data: list[UserBody]
    pagination: PaginationBody


class ServiceTokenAddedEnvelope(Struct):
    """A new service token as `data`."""

    data: ServiceTokenAdded


class ServiceTokenListBody(Struct):
    """A page of service tokens."""

    data: list[ServiceTokenBody]
    pagination: PaginationBody


class AccessEventListBody(Struct):
    """Rows of the record of access; `next_before` continues behind them, null at the end."""

    data: list[AccessEventBody]
    next_before: int | None
