"""What can go wrong in the gateway, sorted by what the caller can do about it.

Knows no transport.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class FieldFault:
    """One bad field of a request.

    Attributes:
        field: path of the field in the request body, or name of the query parameter.
        message: what was allowed and what was found.
        allowed: the allowed values where they can be listed.
    """

    field: str
    message: str
    allowed: tuple[str, ...] = ()


@dataclass(eq=False)
class GatewayError(Exception):
    """Base of everything the gateway raises on purpose.

    Attributes:
        message: what was wrong, what was allowed, what was found; safe to show to a client.
        reason: stable UPPER_SNAKE code.
        details: further facts for the client.
    """

    message: str
    reason: str = "INTERNAL"
    details: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the message."""
        return self.message


@dataclass(eq=False)
class InvalidArgumentError(GatewayError):
    """The request is wrong; sending it again will not help. All bad fields are named."""

    reason: str = "VALIDATION_ERROR"
    faults: tuple[FieldFault, ...] = ()


@dataclass(eq=False)
class RuleBrokenError(GatewayError):
    """The request cannot be read, or breaks a rule that is not about one field."""

    reason: str = "BAD_REQUEST"


@dataclass(eq=False)
class UnauthenticatedError(GatewayError):
    """Nobody knows who is calling: no token, or one that is not accepted."""

    reason: str = "UNAUTHENTICATED"


@dataclass(eq=False)
class PermissionDeniedError(GatewayError):
    """The caller is known and may not do this."""

    reason: str = "PERMISSION_DENIED"


@dataclass(eq=False)
class NotFoundError(GatewayError):
    """What was asked for does not exist."""

    reason: str = "NOT_FOUND"


@dataclass(eq=False)
class ConflictError(GatewayError):
    """The request contradicts what is already recorded.

    A stale version, an illegal move, another content.
    """

    reason: str = "CONFLICT"


@dataclass(eq=False)
class ResourceExhaustedError(GatewayError):
    """Too much is asked of the system now; nothing was changed.

    Attributes:
        retry_after_s: when to try again, seconds.
    """

    reason: str = "RATE_LIMITED"
    retry_after_s: float = 1.0


@dataclass(eq=False)
class UnavailableError(GatewayError):
    """A part that is needed is away at the moment; try again later.

    Attributes:
        retry_after_s: when to try again, seconds.
    """

    reason: str = "UNAVAILABLE"
    retry_after_s: float = 1.0


@dataclass(eq=False)
class InternalError(GatewayError):
    """Our own mistake. Its message stays in the log; the client gets a fixed text."""


@dataclass(eq=False)
class RowsRefusedError(InternalError):
    """The database cannot hold a value that it was given.

    Other rows of the same load may be fine.
    """

    reason: str = "ROWS_REFUSED"


@dataclass(eq=False)
class FeedPositionError(InternalError):
    """The stored feed position is not one that this process may continue from."""

    reason: str = "FEED_POSITION"


@dataclass(eq=False)
class ConfigurationError(GatewayError):
    """The gateway cannot start as it is configured. The message lists all faults."""

    reason: str = "CONFIGURATION"
