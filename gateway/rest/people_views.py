"""From users, tokens and the record of access to the bodies that show them."""

from gateway.domain.people import AccessEvent, Caller, ServiceToken, User
from gateway.rest.schemas import people as bodies
from gateway.rest.schemas.alerts import PaginationBody
from gateway.services.session_tokens import Login

_SCHEME = "Bearer"


def user(each: User) -> bodies.UserBody:
    """Return a user, without what belongs to the password."""
    return bodies.UserBody(
        user_id=each.user_id,
        username=each.name,
        display_name=each.display_name,
        role=each.role,
        status=each.status,
        must_change_password=each.must_change_password,
        created_at=each.created_time,
        updated_at=each.updated_time,
    )


def me(each: User, caller: Caller) -> bodies.MeBody:
    """Return the caller's own user."""
    return bodies.MeBody(
        user_id=each.user_id,
        username=each.name,
        display_name=each.display_name,
        role=each.role,
        status=each.status,
        must_change_password=each.must_change_password,
        created_at=each.created_time,
        updated_at=each.updated_time,
        permissions=sorted(caller.permissions),
    )


def login(each: Login) -> bodies.LoginEnvelope:
    """Return the tokens of a session."""
    return bodies.LoginEnvelope(
        bodies.LoginTokensBody(
            access_token=each.access_token,
            token_type=_SCHEME,
            expires_in=each.access_lifetime_s,
            refresh_token=each.refresh_token,
            refresh_expires_in=each.refresh_lifetime_s,
            user=user(each.user),
        )
    )


def service_token(each: ServiceToken) -> bodies.ServiceTokenBody:
    """Return a service token, without its hash."""
    return bodies.ServiceTokenBody(
        token_id=each.token_id,
        name=each.name,
        scopes=sorted(each.scopes),
        created_by=each.created_by,
        created_at=each.created_time,
        expires_at=each.expires_time,
        revoked_at=each.revoked_time,
    )


def service_token_added(each: ServiceToken, text: str) -> bodies.ServiceTokenAddedEnvelope:
    """Return a new service token with its text."""
    return bodies.ServiceTokenAddedEnvelope(
        bodies.ServiceTokenAdded(
            token_id=each.token_id,
            name=each.name,
            scopes=sorted(each.scopes),
            created_by=each.created_by,
            created_at=each.created_time,
            expires_at=each.expires_time,
            revoked_at=each.revoked_time,
            token=text,
        )
    )


def access_events(found: list[AccessEvent], limit: int) -> bodies.AccessEventListBody:
    """Return rows of the record, newest first."""
    rows = [
        bodies.AccessEventBody(
            event_id=each.event_id or 0,
            timestamp=each.event_time,
            action=each.action,
            actor=each.actor,
            subject=each.subject,
            client=each.client,
            detail=each.detail,
        )
        for each in found
    ]
    return bodies.AccessEventListBody(rows, rows[-1].event_id if len(rows) == limit else None)


def pagination(page: int, limit: int, total: int) -> PaginationBody:
    """Return where a page of a short list stands."""
    return PaginationBody(
        page=page,
        limit=limit,
        total_pages=-(-total // limit),
        total_records=total,
        has_next=page * limit < total,
        has_previous=page > 1,
    )
