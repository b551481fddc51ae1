"""The description of the API, as OpenAPI 3.1: the framework's, with our bodies as they are.

The framework loses bounds within alternatives, and calls every body required.
"""

from collections.abc import Iterator
from typing import Any

from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import OpenAPI

from gateway.rest.structure_schemas import schemas_of, structures_below

_REF_PREFIX = "#/components/schemas/"
_METHODS = ("get", "put", "post", "delete", "patch")
_NOT_BLANK = r"[^\s\x1c-\x1f\x85]"
_BODY_TOO_LARGE = {"description": "The body is too large"}


class Description(OpenAPI):
    """The root of the description."""

    _document: dict[str, Any] | None = None

    def to_schema(self) -> dict[str, Any]:
        """Return the description as JSON values; it is made once, when all routes are known."""
        if self._document is None:
            self._document = self._mended()
        return self._document

    def _mended(self) -> dict[str, Any]:
        document = super().to_schema()
        operations = [
            item[method]
            for item in document["paths"].values()
            for method in _METHODS
            if method in item
        ]
        for operation in operations:
            _mend_parameters(operation)
            _mend_body(operation)
        components = document["components"]["schemas"]
        bodies = {
            name: structure
            for name, structure in structures_below("gateway.rest").items()
            if name in components
        }
        requests = _reached([each.get("requestBody", {}) for each in operations], components)
        components.update(schemas_of(bodies.values(), requests))
        _mend_patterns(document)
        return document


class DescriptionConfig(OpenAPIConfig):
    """The framework's configuration, with our root."""

    def to_openapi_schema(self) -> OpenAPI:
        """Return an empty description."""
        plain = super().to_openapi_schema()
        return Description(**{name: getattr(plain, name) for name in plain.__dataclass_fields__})


def _mend_patterns(value: Any) -> None:
    r"""Write the end of a text, and what is not blank, as JSON Schema does.

    There the end is `$`; in Python that comes before a last newline too, so our patterns say `\Z`.
    And there `\S` is true of five control characters that are blank in Python.
    """
    if isinstance(value, dict):
        if isinstance(pattern := value.get("pattern"), str):
            value["pattern"] = pattern.replace(r"\Z", "$").replace(r"\S", _NOT_BLANK)
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            _mend_patterns(inner)


def _mend_parameters(operation: dict[str, Any]) -> None:
    """Nothing in a URL can be null: a parameter is left out."""
    for parameter in operation.get("parameters", []):
        if (only := _without_null(parameter["schema"])) is not None:
            parameter["schema"] = only


def _mend_body(operation: dict[str, Any]) -> None:
    """A body that may be null may be left out."""
    if (body := operation.get("requestBody")) is None:
        return
    operation["responses"].setdefault("413", _BODY_TOO_LARGE | _error_content(operation))
    for content in body["content"].values():
        if (only := _without_null(content["schema"])) is not None:
            content["schema"] = only
            body["required"] = False


def _error_content(operation: dict[str, Any]) -> dict[str, Any]:
    return {"content": operation["responses"]["422"]["content"]}


def _without_null(schema: dict[str, Any]) -> dict[str, Any] | None:
    """Return the one alternative to null; None where the schema is no such pair."""
    alternatives = schema.get("oneOf", schema.get("anyOf", []))
    kept = [each for each in alternatives if each.get("type") != "null"]
    if len(kept) != 1 or len(kept) == len(alternatives):
        return None
    rest = {key: value for key, value in schema.items() if key not in {"oneOf", "anyOf"}}
    only: dict[str, Any] = kept[0]
    return only if "$ref" in only else only | rest


def _reached(start: Any, components: dict[str, Any]) -> frozenset[str]:
    """Return the names of all components that something refers to, over any number of steps."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for name in _references(waiting.pop()):
            if name not in found:
                found.add(name)
                waiting.append(components.get(name, {}))
    return frozenset(found)


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(name := value.get("$ref"), str):
            yield name.removeprefix(_REF_PREFIX)
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)
