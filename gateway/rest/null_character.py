"""Refuses the character U+0000 before a handler runs: no id or text that is stored can hold it.

PostgreSQL cannot even be asked for one. Bodies are looked through where they are decoded.
"""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from gateway.errors import InvalidArgumentError
from gateway.rest.body import NULL_CHARACTER, null_character_fault, summary

_ENCODED = b"%00"


async def refuse_null_character(
    connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler
) -> None:
    """Return unless the path or the query holds the character.

    It waits for nothing, but what is not a coroutine the framework runs in a thread.

    Raises:
        InvalidArgumentError: it names every parameter that does.
    """
    given: list[tuple[str, Any]] = []
    if NULL_CHARACTER in connection.scope["path"]:
        given += connection.path_params.items()
    if _ENCODED in connection.scope["query_string"]:
        given += connection.query_params.multi_items()
    faults = tuple(
        null_character_fault(name.replace(NULL_CHARACTER, ""))
        for name, value in given
        if NULL_CHARACTER in name or NULL_CHARACTER in str(value)
    )
    if faults:
        raise InvalidArgumentError(summary(faults), faults=faults)
