"""JSON Schema of the bodies, from the types that decode and encode them.

What these say of a body is what the decoder refuses, bounds within alternatives included.
"""

import functools
import operator
import types
import typing
from collections.abc import Iterable
from datetime import datetime
from enum import Enum
from typing import Annotated, Any

import msgspec

_REF = "#/components/schemas/{name}"
_NULL = {"type": "null"}
# Every instant that we write has its offset, and every one that we read needs it.
_AWARE = Annotated[datetime, msgspec.Meta(tz=True)]
# Under this key of `Meta.extra` a type says itself what it is, where its decoder cannot.
JSON_SCHEMA = "json_schema"


def structures_below(package: str) -> dict[str, type[msgspec.Struct]]:
    """Return the structures that are defined in a package, by name."""
    found: dict[str, type[msgspec.Struct]] = {}
    waiting: list[type[msgspec.Struct]] = [msgspec.Struct]
    while waiting:
        for each in waiting.pop().__subclasses__():
            waiting.append(each)
            # The framework makes structures of the handlers' parameters beside ours.
            if each.__name__.endswith("_signature_model"):
                continue
            if each.__module__.startswith(f"{package}."):
                # Two of one name could not be told apart in the description.
                assert found.get(each.__name__, each) is each, each
                found[each.__name__] = each
    return found


def schemas_of(
    structures: Iterable[type[msgspec.Struct]], requests: frozenset[str]
) -> dict[str, dict[str, Any]]:
    """Return the schemas of structures and of the enumerations in them, by name.

    Args:
        structures: of bodies.
        requests: names of those that come in; there null stands for a field that is left out.
    """
    schemas: dict[str, dict[str, Any]] = {}
    for structure in structures:
        properties: dict[str, Any] = {}
        for field in msgspec.structs.fields(structure):
            schema = _schema(field.type, schemas)
            if structure.__name__ in requests and not field.required:
                schema = _or_null(schema)
            if field.default is not msgspec.NODEFAULT and field.default is not msgspec.UNSET:
                schema = schema | {"default": msgspec.to_builtins(field.default)}
            properties[field.encode_name] = schema
        schemas[structure.__name__] = {
            "title": structure.__name__,
            "description": _description(structure),
            "type": "object",
            "properties": properties,
            "required": [
                field.encode_name
                for field in msgspec.structs.fields(structure)
                if field.required or _always_sent(structure, field, requests)
            ],
        }
    return schemas


def _always_sent(
    structure: type[msgspec.Struct], field: msgspec.structs.FieldInfo, requests: frozenset[str]
) -> bool:
    config = structure.__struct_config__
    return (
        structure.__name__ not in requests
        and not config.omit_defaults
        and (field.default is not msgspec.UNSET)
    )


def _description(structure: type[msgspec.Struct]) -> str:
    return "\n".join(line.strip() for line in (structure.__doc__ or "").strip().splitlines())


def _schema(annotation: Any, schemas: dict[str, dict[str, Any]]) -> dict[str, Any]:
    for meta in getattr(annotation, "__metadata__", ()):
        if isinstance(meta, msgspec.Meta) and JSON_SCHEMA in (meta.extra or {}):
            return dict((meta.extra or {})[JSON_SCHEMA])
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in {typing.Union, types.UnionType}:
        kept = [each for each in inner if each is not msgspec.UnsetType]
        alternatives = [_schema(each, schemas) for each in kept]
        return {"anyOf": alternatives} if len(alternatives) > 1 else alternatives[0]
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        values = [member.value for member in annotation]
        schemas[annotation.__name__] = {"title": annotation.__name__, "enum": values} | {
            "type": "string" if isinstance(values[0], str) else "integer",
            "description": (annotation.__doc__ or "").strip(),
        }
        return {"$ref": _REF.format(name=annotation.__name__)}
    if origin is list:
        return {"type": "array", "items": _schema(inner[0], schemas)}
    return _of_msgspec(annotation, schemas)


def _of_msgspec(annotation: Any, schemas: dict[str, dict[str, Any]]) -> dict[str, Any]:
    (schema,), _ = msgspec.json.schema_components([_aware(annotation)], ref_template=_REF)
    for each in _enumerations(annotation):
        _schema(each, schemas)
    return schema


def _enumerations(annotation: Any) -> list[Any]:
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [annotation]
    return [found for inner in typing.get_args(annotation) for found in _enumerations(inner)]


def _aware(annotation: Any) -> Any:
    if annotation is datetime:
        return _AWARE
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in {typing.Union, types.UnionType}:
        return functools.reduce(operator.or_, [_aware(each) for each in inner])
    if origin in {list, dict, tuple}:
        return origin[tuple(_aware(each) for each in inner)]
    return annotation


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    alternatives = schema.get("anyOf", [schema])
    return schema if _NULL in alternatives else {"anyOf": [*alternatives, _NULL]}
