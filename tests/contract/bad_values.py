"""Values that a schema does not allow, at each of its edges."""

from collections.abc import Iterator
from typing import Any

_NO_SUCH = "NO_SUCH_VALUE"
_DATES = {"date": ("2026-02-30", "yesterday"), "date-time": ("2026-02-30T00:00:00Z", "yesterday")}


def beyond(schema: dict[str, Any]) -> Iterator[Any]:
    """Yield values of the right type that are out of bounds."""
    if "enum" in schema:
        yield _NO_SUCH
        yield schema["enum"][0].swapcase()
    if "minimum" in schema:
        yield schema["minimum"] - 1
    if "exclusiveMinimum" in schema:
        yield from (schema["exclusiveMinimum"], schema["exclusiveMinimum"] - 1)
    if "maximum" in schema:
        yield schema["maximum"] + 1
    if schema.get("minLength"):
        yield ""
    if "maxLength" in schema:
        yield "x" * (schema["maxLength"] + 1)
    if "pattern" in schema and "format" not in schema:
        yield "?!"
    yield from _DATES.get(schema.get("format", ""), ())


def of_other_types(schema: dict[str, Any]) -> Iterator[Any]:
    """Yield values of types that the schema does not allow."""
    kinds = schema.get("type", "string")
    allowed = {kinds} if isinstance(kinds, str) else set(kinds)
    if "string" not in allowed:
        yield "many"
    if not allowed & {"integer", "number"}:
        yield 7
    if "number" not in allowed and "integer" in allowed:
        yield 1.5
    yield from ({"a": 1}, ["a"], True)


def in_query(schema: dict[str, Any]) -> Iterator[str]:
    """Yield texts that a query parameter must refuse."""
    yield from (str(value) for value in beyond(schema))
    if schema != {"type": "string"}:
        yield "null"
    if schema.get("type") in {"integer", "number"}:
        yield from ("many", "")
    if schema.get("type") == "integer":
        yield "1.5"
