"""Refuses the character U+0000 before a handler runs: no id or text that is stored can hold it.

PostgreSQL cannot even be asked for one. Bodies are looked through where they are decoded.
"""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from gateway.errors import FieldFault, InvalidArgumentError, NotFoundError
from gateway.rest.body import NULL_CHARACTER, null_character_fault, summary

_ENCODED = b"%00"


def refuse_null_character(
    connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler
) -> None:
    """Return unless the path or the query holds the character.

    Raises:
        NotFoundError: the path does, so there is nothing there.
        InvalidArgumentError: parameters of the query do; it names them all.
    """
    if NULL_CHARACTER in connection.scope["path"]:
        raise NotFoundError("no such path")
    if _ENCODED not in connection.scope["query_string"]:
        return
    faults: list[FieldFault] = [
        null_character_fault(name.replace(NULL_CHARACTER, ""))
        for name, value in connection.query_params.multi_items()
        if NULL_CHARACTER in value or NULL_CHARACTER in name
    ]
    if faults:
        raise InvalidArgumentError(summary(faults), faults=tuple(faults))
