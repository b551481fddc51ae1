"""What a query may not hold, beyond what the types of its parameters refuse."""

import typing
from typing import Any

from litestar import Request

from gateway.errors import FieldFault, InvalidArgumentError
from gateway.rest.body import allowed_values, summary


async def refuse_null(request: Request[Any, Any, Any]) -> None:
    """Refuse the text `null`: a parameter is left out, never null.

    The framework takes it for absent wherever a parameter may be left out, so that a mistake of the
    caller would pass for no filter. What is not a coroutine the framework runs in a thread.

    Raises:
        InvalidArgumentError: it names every such parameter.
    """
    if b"null" not in request.scope["query_string"].lower():
        return
    known = request.route_handler.parsed_fn_signature.parameters
    faults = []
    for name, value in request.query_params.multi_items():
        if value.lower() != "null" or name not in known:
            continue
        annotation = known[name].annotation
        if known[name].is_optional and str not in typing.get_args(annotation):
            allowed = allowed_values(annotation)
            told = f"one of {', '.join(allowed)}" if allowed else "given or left out"
            faults.append(FieldFault(name, f"{name} must be {told}, was {value!r}", allowed))
    if faults:
        raise InvalidArgumentError(summary(faults), faults=tuple(faults))
