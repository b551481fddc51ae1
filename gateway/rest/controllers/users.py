"""Looking after users, service tokens and the record of access."""

from typing import Annotated, Any

from litestar import Controller, Request, delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter

from gateway.domain.pagination import LIMIT_DEFAULT
from gateway.rest import people_views as views
from gateway.rest.body import JsonBody
from gateway.rest.error_responses import RESPONSES
from gateway.rest.schemas.people import (
    AccessEventListBody,
    Done,
    NewServiceTokenBody,
    NewUserBody,
    ServiceTokenAddedEnvelope,
    ServiceTokenListBody,
    UserChangeBody,
    UserEnvelope,
    UserListBody,
)
from gateway.rest.session import analyst_of, client_of
from gateway.rest.wiring_people import Limit, Page, PasswordHashing, People
from gateway.services.people import Author, UserChange, require_good_password

# The largest number that a row of PostgreSQL can have.
_EVENT_ID_MAX = 2**63 - 1


class UserController(Controller):
    """Paths below /api/users."""

    path = "/api/users"
    tags = ("people",)

    @get(responses=RESPONSES, operation_id="list_users", summary="List users")
    async def list_users(
        self, people: People, page: Page = 1, limit: Limit = LIMIT_DEFAULT
    ) -> UserListBody:
        """Return a page of users by name; removed ones are left out."""
        found, total = await people.users(page, limit)
        return UserListBody(
            [views.user(each) for each in found], views.pagination(page, limit, total)
        )

    @post(
        dto=JsonBody[NewUserBody],
        return_dto=None,
        responses=RESPONSES,
        operation_id="add_user",
        summary="Add a user",
    )
    async def add_user(
        self,
        request: Request[Any, Any, Any],
        people: People,
        passwords: PasswordHashing,
        data: JSONBody[NewUserBody],
    ) -> UserEnvelope:
        """Add a user; he has to change the password at his first login."""
        require_good_password("password", data.password, data.username)
        user = await people.add_user(
            data.username,
            data.display_name,
            data.role,
            await passwords.hash(data.password),
            _author(request),
            must_change_password=True,
        )
        return UserEnvelope(views.user(user))

    @get("/{user_id:str}", responses=RESPONSES, operation_id="get_user", summary="Get a user")
    async def get_user(self, people: People, user_id: FromPath[str]) -> UserEnvelope:
        """Return a user."""
        return UserEnvelope(views.user(await people.user(user_id)))

    @patch(
        "/{user_id:str}",
        dto=JsonBody[UserChangeBody],
        return_dto=None,
        responses=RESPONSES,
        operation_id="change_user",
        summary="Change a user",
    )
    async def change_user(
        self,
        request: Request[Any, Any, Any],
        people: People,
        passwords: PasswordHashing,
        user_id: FromPath[str],
        data: JSONBody[UserChangeBody],
    ) -> UserEnvelope:
        """Change role, name or password of a user, or disable him, which holds at once."""
        hashed = None
        if data.password is not None:
            user = await people.user(user_id)
            require_good_password("password", data.password, user.name)
            hashed = await passwords.hash(data.password)
        change = UserChange(
            role=data.role,
            display_name=data.display_name,
            disabled=data.disabled,
            password_hash=hashed,
        )
        return UserEnvelope(views.user(await people.change_user(user_id, change, _author(request))))

    @delete(
        "/{user_id:str}",
        status_code=200,
        responses=RESPONSES,
        operation_id="remove_user",
        summary="Remove a user",
    )
    async def remove_user(
        self, request: Request[Any, Any, Any], people: People, user_id: FromPath[str]
    ) -> Done:
        """Remove a user. His tokens are refused at once; what he did stays under his name."""
        await people.remove_user(user_id, _author(request))
        return Done(success=True, message="the user was removed")


class TokenController(Controller):
    """Paths below /api/tokens."""

    path = "/api/tokens"
    tags = ("people",)

    @get(responses=RESPONSES, operation_id="list_tokens", summary="List service tokens")
    async def list_tokens(
        self, people: People, page: Page = 1, limit: Limit = LIMIT_DEFAULT
    ) -> ServiceTokenListBody:
        """Return a page of service tokens by name, revoked ones included."""
        found, total = await people.tokens(page, limit)
        return ServiceTokenListBody(
            [views.service_token(each) for each in found], views.pagination(page, limit, total)
        )

    @post(
        dto=JsonBody[NewServiceTokenBody],
        return_dto=None,
        responses=RESPONSES,
        operation_id="add_token",
        summary="Add a service token",
    )
    async def add_token(
        self,
        request: Request[Any, Any, Any],
        people: People,
        data: JSONBody[NewServiceTokenBody],
    ) -> ServiceTokenAddedEnvelope:
        """Return a new service token; its text is shown this once."""
        token, text = await people.add_token(
            data.name, frozenset(data.scopes), data.expires_in_days, _author(request)
        )
        return views.service_token_added(token, text)

    @delete(
        "/{token_id:str}",
        status_code=200,
        responses=RESPONSES,
        operation_id="revoke_token",
        summary="Revoke a service token",
    )
    async def revoke_token(
        self, request: Request[Any, Any, Any], people: People, token_id: FromPath[str]
    ) -> Done:
        """Revoke a service token: it is refused at once."""
        await people.revoke_token(token_id, _author(request))
        return Done(success=True, message="the token was revoked")


@get(
    "/api/access-events",
    responses=RESPONSES,
    operation_id="list_access_events",
    summary="Read the record of access",
    tags=["people"],
)
async def list_access_events(
    people: People,
    limit: Limit = LIMIT_DEFAULT,
    before: Annotated[
        int | None,
        QueryParameter(ge=1, le=_EVENT_ID_MAX, description="`next_before` of the page before"),
    ] = None,
) -> AccessEventListBody:
    """Return logins, refusals and changes of users and tokens, newest first."""
    return views.access_events(await people.events(before, limit), limit)


def _author(request: Request[Any, Any, Any]) -> Author:
    return Author(analyst_of(None), client_of(request))
