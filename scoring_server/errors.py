"""What can go wrong in the scoring server, sorted by what the caller can do about it.

The errors know no transport; rpc/status.py maps them.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One bad field of a request.

    Attributes:
        field: path of the field from the request, such as `transaction.payment.amount_minor`.
        description: what was allowed and what was found.
    """

    field: str
    description: str


@dataclass(eq=False)
class ScoringError(Exception):
    """Base of everything the scoring server raises on purpose.

    Attributes:
        message: what was wrong, what was allowed, what was found; safe to show to a client.
        reason: stable UPPER_SNAKE code.
        metadata: further typed details, as text.
    """

    message: str
    reason: str = "INTERNAL"
    metadata: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the message."""
        return self.message


@dataclass(eq=False)
class InvalidArgumentError(ScoringError):
    """The request is wrong; sending it again will not help. All bad fields are named."""

    reason: str = "INVALID_ARGUMENT"
    violations: tuple[FieldViolation, ...] = ()


class UnauthenticatedError(ScoringError):
    """The caller does not say who it is, or nobody is called that."""


class PermissionDeniedError(ScoringError):
    """The caller may not do this."""


class NotFoundError(ScoringError):
    """What was asked for does not exist."""


class ConflictError(ScoringError):
    """The request contradicts what is already recorded."""


class FailedPreconditionError(ScoringError):
    """The system is not in the state that the request needs."""


class OutOfRangeError(ScoringError):
    """What was asked for lies outside what is kept."""


class DeadlineExceededError(ScoringError):
    """The caller's deadline passed before anything was changed."""


@dataclass(eq=False)
class ResourceExhaustedError(ScoringError):
    """Too much is asked of the server now; nothing was changed.

    Attributes:
        retry_after_s: when to try again, seconds.
    """

    reason: str = "OVERLOADED"
    retry_after_s: float = 1.0


class UnavailableError(ScoringError):
    """The server cannot do it at the moment; try again later."""


class InternalError(ScoringError):
    """Our own mistake. Its message stays in the log; the client gets a fixed text."""


class ConfigurationError(ScoringError):
    """The server cannot start as it is configured. The message lists all faults."""
