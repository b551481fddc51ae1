"""The contract's files as values: endpoints, and shapes as JSON Schema."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

SPECIFICATION = Path(__file__).parent / "specification"
AREAS = (
    "dashboard",
    "alerts",
    "investigations",
    "analytics",
    "feedback",
    "detection",
    "system",
)
# A map of nothing but these is JSON Schema already; any other map is an object of named fields.
_BOUNDS = {"minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum"}
_KEYWORDS = {"type", "const", "enum", "pattern", "format", "required", "bad"} | _BOUNDS


def read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((SPECIFICATION / f"{name}.yaml").read_text())
    return content


@dataclass(frozen=True)
class Parameter:
    """A query parameter or a field of a body.

    Attributes:
        schema: what it may be, as JSON Schema.
        bad: values that the schema does not rule out and the contract does.
        filters: the field of the rows that it narrows; empty when it narrows none.
    """

    name: str
    schema: dict[str, Any]
    required: bool = False
    default: Any = None
    filters: str = ""
    bad: tuple[Any, ...] = ()

    @property
    def values(self) -> list[str]:
        return [str(value) for value in self.schema.get("enum", [])]


@dataclass(frozen=True)
class Endpoint:
    """What the contract says of one endpoint; `rules` is its entry as the file has it."""

    method: str
    path: str
    area: str
    rules: dict[str, Any]
    success: dict[str, Any] | None
    query: tuple[Parameter, ...] = ()
    body: tuple[Parameter, ...] = ()
    errors: tuple[int, ...] = field(default=())

    @property
    def status(self) -> int:
        return int(self.rules.get("status", 200))

    @property
    def is_list(self) -> bool:
        return "list" in self.rules

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Contract:
    """All of the contract."""

    def __init__(self) -> None:
        self.types = read("types")
        self.conventions = read("conventions")
        areas = {area: read(area) for area in AREAS}
        self._shapes: dict[str, Any] = dict(self.conventions["shapes"])
        for content in areas.values():
            self._shapes |= content.get("shapes", {})
        self.endpoints = [
            self._endpoint(area, call, rules or {})
            for area, content in areas.items()
            for call, rules in content["endpoints"].items()
        ]

    def endpoint(self, call: str) -> Endpoint:
        return next(each for each in self.endpoints if str(each) == call)

    def schema(self, shape: Any) -> dict[str, Any]:
        """Return a shape as JSON Schema."""
        if isinstance(shape, str):
            name, _, rest = shape.partition(" or ")
            known = self.types.get(name) or self.schema(self._shapes[name])
            return {"anyOf": [known, {"type": "null"}]} if rest == "null" else known
        if isinstance(shape, list):
            return {"type": "array", "items": self.schema(shape[0])}
        if set(shape) <= _KEYWORDS:
            return {key: value for key, value in shape.items() if key != "bad"}
        return {
            "type": "object",
            "required": [key for key in self._fields(shape) if not key.endswith("?")],
            "properties": {
                key.removesuffix("?"): self.schema(value)
                for key, value in self._fields(shape).items()
            },
        }

    def _fields(self, shape: dict[str, Any]) -> dict[str, Any]:
        own = {key: value for key, value in shape.items() if key != "extends"}
        if "extends" not in shape:
            return own
        return self._fields(self._shapes[shape["extends"]]) | own

    def _endpoint(self, area: str, call: str, rules: dict[str, Any]) -> Endpoint:
        method, path = call.split()
        return Endpoint(
            method,
            path,
            area,
            rules,
            self._success(rules),
            tuple(self._query(rules.get("query", {}))),
            tuple(self._body(rules.get("body", {}))),
            tuple(rules.get("errors", ())),
        )

    def _success(self, rules: dict[str, Any]) -> dict[str, Any] | None:
        if "text" in rules:
            return None
        if "list" in rules:
            shape = {"data": [rules["list"]], "pagination": "pagination"}
            return self.schema(shape | rules.get("beside", {}))
        return self.schema(rules["top"] if "top" in rules else {"data": rules["data"]})

    def _query(self, parameters: dict[str, Any]) -> Iterator[Parameter]:
        for name, rules in parameters.items():
            yield Parameter(
                name,
                self.types[rules["type"]],
                default=rules.get("default"),
                filters=rules.get("filters", ""),
                bad=tuple(rules.get("foreign", ())),
            )

    def _body(self, fields: dict[str, Any]) -> Iterator[Parameter]:
        for key, shape in fields.items():
            bad = shape.get("bad", ()) if isinstance(shape, dict) else ()
            name = key.removesuffix("?")
            yield Parameter(name, self.schema(shape), required=name == key, bad=tuple(bad))


CONTRACT = Contract()


def faults(schema: dict[str, Any], value: Any) -> list[str]:
    """Return what is wrong with a value, each fault with its place; empty when nothing is."""
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    return [
        f"{'/'.join(map(str, error.instance_path))}: {error.message}"
        for error in validator.iter_errors(value)
    ]
