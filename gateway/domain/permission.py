"""Who may do what: roles and scopes give permissions, and every route needs one.

This table is the whole model. A route that is missing here is refused to everybody while login is
on, and a test walks all routes of the application to find it.
"""

from enum import StrEnum


class Permission(StrEnum):
    """What a route needs.

    Attributes:
        PUBLIC: nothing; the caller may be anybody.
        OWN: a session of a user, who does something about himself.
        READ: look at alerts, transactions, figures and feedback.
        WORK: move alerts and write notes.
        LABEL: decide what a transaction was.
        SCORE: send transactions to be scored.
        MANAGE: what changes other people's work, such as assignment, bulk moves, suppression
            and user rules.
        ADMINISTER: users, service tokens, webhooks, models and the record of access.
    """

    PUBLIC = "PUBLIC"
    OWN = "OWN"
    READ = "READ"
    WORK = "WORK"
    LABEL = "LABEL"
    SCORE = "SCORE"
    MANAGE = "MANAGE"
    ADMINISTER = "ADMINISTER"


class Role(StrEnum):
    """What a user is, lowest first; each may do all that the one before may."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


class Scope(StrEnum):
    """What a service token is for."""

    SCORE = "score"
    READ = "read"
    LABEL = "label"
    ADMIN = "admin"


_VIEWER = frozenset({Permission.PUBLIC, Permission.OWN, Permission.READ})
_ANALYST = _VIEWER | {Permission.WORK, Permission.LABEL}
_SUPERVISOR = _ANALYST | {Permission.SCORE, Permission.MANAGE}

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: _VIEWER,
    Role.ANALYST: _ANALYST,
    Role.SUPERVISOR: _SUPERVISOR,
    Role.ADMIN: _SUPERVISOR | {Permission.ADMINISTER},
}

# A token is no person: none of them has OWN, so that none can change a password.
SCOPE_PERMISSIONS: dict[Scope, frozenset[Permission]] = {
    Scope.SCORE: frozenset({Permission.PUBLIC, Permission.SCORE}),
    Scope.READ: frozenset({Permission.PUBLIC, Permission.READ}),
    Scope.LABEL: frozenset({Permission.PUBLIC, Permission.LABEL}),
    Scope.ADMIN: frozenset(Permission) - {Permission.OWN},
}

# Method and path template, parameters without their types.
ROUTES: dict[tuple[str, str], Permission] = {
    ("GET", "/"): Permission.READ,
    ("GET", "/queue"): Permission.READ,
    ("GET", "/investigations/{alert_id}"): Permission.READ,
    ("GET", "/investigations/{alert_id}/surroundings"): Permission.READ,
    ("GET", "/investigations/{alert_id}/explanation"): Permission.READ,
    ("GET", "/transactions/{transaction_id}/receipt"): Permission.READ,
    ("GET", "/entities/{entity_type}/{entity_id}"): Permission.READ,
    ("GET", "/analytics"): Permission.READ,
    ("GET", "/scanner"): Permission.READ,
    ("GET", "/models"): Permission.READ,
    ("GET", "/rules"): Permission.READ,
    # Shows each section to those who may change it.
    ("GET", "/settings"): Permission.READ,
    ("POST", "/session/login"): Permission.PUBLIC,
    ("POST", "/session/refresh"): Permission.PUBLIC,
    ("POST", "/session/forget"): Permission.PUBLIC,
    ("GET", "/static/{file_path}"): Permission.PUBLIC,
    ("HEAD", "/static/{file_path}"): Permission.PUBLIC,
    ("GET", "/docs"): Permission.PUBLIC,
    ("GET", "/redoc"): Permission.PUBLIC,
    ("GET", "/openapi.json"): Permission.PUBLIC,
    ("GET", "/schema"): Permission.PUBLIC,
    ("GET", "/schema/openapi.json"): Permission.PUBLIC,
    ("GET", "/schema/{path}"): Permission.PUBLIC,
    ("GET", "/health"): Permission.PUBLIC,
    ("GET", "/health/ready"): Permission.PUBLIC,
    ("GET", "/metrics"): Permission.READ,
    ("POST", "/api/auth/login"): Permission.PUBLIC,
    ("POST", "/api/auth/refresh"): Permission.PUBLIC,
    ("GET", "/api/auth/oidc/login"): Permission.PUBLIC,
    ("GET", "/api/auth/oidc/callback"): Permission.PUBLIC,
    ("POST", "/api/auth/logout"): Permission.OWN,
    ("GET", "/api/auth/me"): Permission.OWN,
    ("PUT", "/api/auth/password"): Permission.OWN,
    ("GET", "/api/users"): Permission.ADMINISTER,
    ("POST", "/api/users"): Permission.ADMINISTER,
    ("GET", "/api/users/{user_id}"): Permission.ADMINISTER,
    ("PATCH", "/api/users/{user_id}"): Permission.ADMINISTER,
    ("DELETE", "/api/users/{user_id}"): Permission.ADMINISTER,
    ("GET", "/api/tokens"): Permission.ADMINISTER,
    ("POST", "/api/tokens"): Permission.ADMINISTER,
    ("DELETE", "/api/tokens/{token_id}"): Permission.ADMINISTER,
    ("GET", "/api/access-events"): Permission.ADMINISTER,
    ("GET", "/api/dashboard/metrics"): Permission.READ,
    ("GET", "/api/dashboard/alerts-trend"): Permission.READ,
    ("GET", "/api/dashboard/severity-distribution"): Permission.READ,
    ("GET", "/api/alerts"): Permission.READ,
    ("GET", "/api/alerts/export.csv"): Permission.READ,
    ("GET", "/api/alerts/{alert_id}"): Permission.READ,
    ("PATCH", "/api/alerts/{alert_id}/status"): Permission.WORK,
    ("PUT", "/api/alerts/{alert_id}"): Permission.WORK,
    ("POST", "/api/alerts/{alert_id}/claim"): Permission.WORK,
    ("POST", "/api/alerts/{alert_id}/release"): Permission.WORK,
    ("POST", "/api/alerts/{alert_id}/assign"): Permission.MANAGE,
    # To assign or decide, its handler asks for MANAGE.
    ("POST", "/api/alerts/bulk"): Permission.WORK,
    ("POST", "/api/queue/next"): Permission.WORK,
    ("GET", "/api/queue/mine"): Permission.READ,
    ("GET", "/api/cases"): Permission.READ,
    ("POST", "/api/cases"): Permission.WORK,
    ("GET", "/api/cases/suggestion"): Permission.READ,
    ("GET", "/api/cases/{case_id}"): Permission.READ,
    ("PATCH", "/api/cases/{case_id}"): Permission.WORK,
    ("POST", "/api/cases/{case_id}/alerts"): Permission.WORK,
    ("POST", "/api/cases/{case_id}/notes"): Permission.WORK,
    ("GET", "/api/suppressions"): Permission.READ,
    ("POST", "/api/suppressions"): Permission.MANAGE,
    ("GET", "/api/suppressions/{suppression_id}"): Permission.READ,
    ("PATCH", "/api/suppressions/{suppression_id}"): Permission.MANAGE,
    ("POST", "/api/suppressions/{suppression_id}/end"): Permission.MANAGE,
    ("GET", "/api/suppressions/{suppression_id}/hits"): Permission.READ,
    ("GET", "/api/investigations/{alert_id}"): Permission.READ,
    ("POST", "/api/investigations/{alert_id}/decision"): Permission.LABEL,
    ("POST", "/api/investigations/{alert_id}/notes"): Permission.WORK,
    ("GET", "/api/investigations/{alert_id}/history"): Permission.READ,
    ("POST", "/api/labels"): Permission.LABEL,
    ("POST", "/api/labels/csv"): Permission.LABEL,
    ("GET", "/api/labels/{transaction_id}"): Permission.READ,
    ("GET", "/api/analytics/metrics"): Permission.READ,
    ("GET", "/api/analytics/model-performance"): Permission.READ,
    ("GET", "/api/analytics/alert-volume"): Permission.READ,
    ("GET", "/api/analytics/confusion-matrix"): Permission.READ,
    ("GET", "/api/analytics/detection-rate"): Permission.READ,
    ("GET", "/api/analytics/trends"): Permission.READ,
    ("GET", "/api/analytics/analysts"): Permission.READ,
    ("GET", "/api/analytics/thresholds"): Permission.READ,
    ("GET", "/api/analytics/label-delay"): Permission.READ,
    ("GET", "/api/analytics/health"): Permission.READ,
    ("GET", "/api/entities/{entity_type}/{entity_id}"): Permission.READ,
    ("GET", "/api/entities/{entity_type}/{entity_id}/timeline"): Permission.READ,
    ("GET", "/api/entities/{entity_type}/{entity_id}/alerts"): Permission.READ,
    ("GET", "/api/entities/{entity_type}/{entity_id}/links"): Permission.READ,
    ("GET", "/api/transactions"): Permission.READ,
    ("GET", "/api/transactions/{transaction_id}"): Permission.READ,
    ("GET", "/api/transactions/{transaction_id}/receipt"): Permission.READ,
    ("GET", "/api/transactions/{transaction_id}/explanation"): Permission.READ,
    ("GET", "/api/feedback"): Permission.READ,
    ("GET", "/api/feedback/summary"): Permission.READ,
    ("GET", "/api/feedback/export.csv"): Permission.READ,
    ("GET", "/api/feedback/{feedback_id}"): Permission.READ,
    ("GET", "/api/feedback/by-analyst/{analyst_id}"): Permission.READ,
    ("GET", "/api/live/alerts"): Permission.READ,
    ("GET", "/api/live/transactions"): Permission.READ,
    ("GET", "/api/models"): Permission.READ,
    ("POST", "/api/models/rollback"): Permission.ADMINISTER,
    ("POST", "/api/models/{name}/{version}/promote"): Permission.ADMINISTER,
    ("POST", "/api/models/{name}/{version}/canary"): Permission.ADMINISTER,
    ("POST", "/api/models/{name}/{version}/shadow"): Permission.ADMINISTER,
    ("GET", "/api/rules"): Permission.READ,
    ("PUT", "/api/rules"): Permission.MANAGE,
    ("POST", "/api/rules/check"): Permission.MANAGE,
    ("POST", "/api/rules/backtest"): Permission.MANAGE,
    ("GET", "/api/webhooks"): Permission.ADMINISTER,
    ("POST", "/api/webhooks"): Permission.ADMINISTER,
    ("GET", "/api/webhooks/{webhook_id}"): Permission.ADMINISTER,
    ("PATCH", "/api/webhooks/{webhook_id}"): Permission.ADMINISTER,
    ("DELETE", "/api/webhooks/{webhook_id}"): Permission.ADMINISTER,
    ("POST", "/api/webhooks/{webhook_id}/secret"): Permission.ADMINISTER,
    ("POST", "/api/webhooks/{webhook_id}/test"): Permission.ADMINISTER,
    ("GET", "/api/webhooks/{webhook_id}/deliveries"): Permission.ADMINISTER,
    (
        "POST",
        "/api/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver",
    ): Permission.ADMINISTER,
    ("POST", "/api/detection/evaluate"): Permission.SCORE,
}


def scope_permissions(scopes: frozenset[Scope]) -> frozenset[Permission]:
    """Return what a service token with these scopes may do."""
    return frozenset().union(*(SCOPE_PERMISSIONS[scope] for scope in scopes))
