"""Request bodies.

JSON objects that are checked field by field, so that one answer names every bad field.
"""

import typing
from collections.abc import Generator
from enum import Enum
from typing import Any, TypeVar

import msgspec
from litestar._openapi.schema_generation import SchemaCreator
from litestar.dto import AbstractDTO, DTOConfig
from litestar.dto.data_structures import DTOFieldDefinition
from litestar.openapi.spec import Reference, Schema
from litestar.typing import FieldDefinition

from gateway.errors import FieldFault, InvalidArgumentError, RuleBrokenError

T = TypeVar("T", bound=msgspec.Struct)

NULL_CHARACTER = "\0"
# As JSON writes it; nothing else in a body can stand for it.
_NULL_ESCAPE = b"\\u0000"
# How much of a value a message repeats.
_WAS_MAX = 100
# What msgspec says itself of a value of another type.
_GOT = ", got "
# What decoding raises for bytes that are no JSON that can be taken.
NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, ArithmeticError, RecursionError)


class JsonBody(AbstractDTO[T]):
    """Decodes the `data` of a handler with `parse_body`.

    The description shows the structure as it is.
    """

    config = DTOConfig()

    @classmethod
    def create_for_field_definition(
        cls,
        field_definition: FieldDefinition,
        handler_id: str,
        backend_cls: Any = None,
    ) -> None:
        """Need no transfer model: the structure itself is decoded."""

    @classmethod
    def create_openapi_schema(
        cls,
        field_definition: FieldDefinition,
        handler_id: str,  # noqa: ARG003 - the base class names it
        schema_creator: SchemaCreator,
    ) -> Reference | Schema:
        """Return the schema of the structure, or null beside it where it may be left out."""
        kind = cls.model_type | None if field_definition.is_optional else cls.model_type
        return schema_creator.for_field_definition(
            FieldDefinition.from_annotation(kind, name="data")
        )

    @classmethod
    def generate_field_definitions(
        cls,
        model_type: type[Any],  # noqa: ARG003 - the base class names it
    ) -> Generator[DTOFieldDefinition, None, None]:
        """Need none, for the same reason."""
        yield from ()

    @classmethod
    def detect_nested_field(
        cls,
        field_definition: FieldDefinition,  # noqa: ARG003 - the base class names it
    ) -> bool:
        """Return False: nothing is transferred field by field."""
        return False

    def decode_bytes(self, value: bytes) -> T:
        """Return the checked body."""
        return parse_body(value, self.model_type)


def parse_body(raw: bytes, model: type[T]) -> T:
    """Return a JSON object as a structure.

    Unknown fields are ignored; null stands for absent where that is allowed.

    Raises:
        RuleBrokenError: not JSON.
        InvalidArgumentError: it names every field that is missing or wrong.
    """
    try:
        given = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except msgspec.ValidationError as error:
        fault = FieldFault("body", "the body must be a JSON object")
        raise InvalidArgumentError(fault.message, faults=(fault,)) from error
    except NOT_JSON as error:
        raise not_json(error) from error
    values: dict[str, Any] = {}
    faults = []
    for field in msgspec.structs.fields(model):
        value = given.get(field.encode_name)
        absent = value is None or (bytes(value) == b"null" and not field.required)
        if absent and field.required:
            faults.append(FieldFault(field.encode_name, f"{field.encode_name} is required"))
        if absent or value is None:
            continue
        try:
            values[field.name] = _decoded(value, field.type)
            if _NULL_ESCAPE in bytes(value) and _holds_null(msgspec.json.decode(value)):
                faults.append(null_character_fault(field.encode_name))
        except msgspec.ValidationError as error:
            came = _came(bytes(value), field.type)
            faults.append(field_fault(field.encode_name, field.type, error, came))
        except NOT_JSON as error:
            raise not_json(error) from error
    if faults:
        raise InvalidArgumentError(summary(faults), faults=tuple(faults))
    return model(**values)


def _decoded(raw: msgspec.Raw, annotation: Any) -> Any:
    """Return a field. 8.0 is the whole number 8, as JSON has but one kind of number."""
    try:
        return msgspec.json.decode(raw, type=annotation)
    except msgspec.ValidationError:
        plain = msgspec.json.decode(raw)
        if not isinstance(plain, float) or not plain.is_integer():
            raise
        return msgspec.convert(int(plain), type=annotation)


def null_character_fault(name: str) -> FieldFault:
    """Return the fault of a field or parameter that holds the character U+0000."""
    return FieldFault(name, f"{name} must not hold the character U+0000")


def _holds_null(plain: object) -> bool:
    if isinstance(plain, str):
        return NULL_CHARACTER in plain
    if isinstance(plain, dict):
        return any(_holds_null(each) for each in (*plain, *plain.values()))
    return isinstance(plain, list) and any(_holds_null(each) for each in plain)


def not_json(error: Exception) -> RuleBrokenError:
    """Return the answer to a body that is not JSON, or nested deeper than anybody needs."""
    why = "nested too deeply" if isinstance(error, RecursionError) else error
    return RuleBrokenError(f"the body is not JSON: {why}", reason="MALFORMED_JSON")


def summary(faults: typing.Sequence[FieldFault]) -> str:
    """Return one sentence about all faults."""
    return "; ".join(fault.message for fault in faults)


def allowed_values(annotation: Any) -> tuple[str, ...]:
    """Return the values of the enumeration in an annotation; empty where there is none."""
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return tuple(str(member.value) for member in annotation)
    for inner in typing.get_args(annotation):
        if allowed := allowed_values(inner):
            return allowed
    return ()


def field_fault(
    name: str, annotation: Any, error: msgspec.ValidationError, came: str
) -> FieldFault:
    """Return the fault of a value that its type does not take.

    Args:
        name: of the field.
        annotation: its type.
        error: what msgspec says.
        came: what the value was, as the end of the message says it.
    """
    allowed = allowed_values(annotation)
    if allowed:
        return FieldFault(name, f"{name} must be one of {', '.join(allowed)}, {came}", allowed)
    text, _, place = str(error).partition(" - at ")
    text = f"{text[:1].lower()}{text[1:]}"
    if place:
        # It lies within the value.
        return FieldFault(name, f"{name}{place.strip('`').removeprefix('$')}: {text}")
    return FieldFault(name, f"{name}: {text}" if _GOT in text else f"{name}: {text}, {came}")


def was(value: object) -> str:
    """Return how a message repeats a value: whoever sent a long one knows how it goes on."""
    text = repr(value)
    return f"was {text}" if len(text) <= _WAS_MAX else f"was {text[:_WAS_MAX]}..."


def _came(raw: bytes, annotation: Any) -> str:
    """Say what a value was. A text of no enumeration may be a password, and is not repeated."""
    try:
        value = msgspec.json.decode(raw)
    except NOT_JSON:
        # A number that no number holds, or a nest that is too deep.
        return was(raw.decode(errors="replace"))
    if isinstance(value, str) and not allowed_values(annotation):
        return f"had {len(value)} characters"
    return f"had {len(value)} of them" if isinstance(value, list | dict) else was(value)
