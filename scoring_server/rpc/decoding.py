"""Parses requests; what is no message at all is the caller's mistake, not ours."""

from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from scoring_server.errors import InvalidArgumentError

_Request = TypeVar("_Request", bound=Message)


def parse(kind: type[_Request], request: bytes) -> _Request:
    """Return the message that bytes hold.

    Raises:
        InvalidArgumentError: they hold none of this kind, or a text in it is not UTF-8.
    """
    try:
        return kind.FromString(request)
    except DecodeError as error:
        raise InvalidArgumentError(
            f"the request must be a valid {kind.DESCRIPTOR.full_name} message",
            reason="MALFORMED_MESSAGE",
        ) from error
