"""Request bodies that are JSON lists of objects; every bad field of every object is named."""

from typing import Any, TypeVar

import msgspec
from litestar._openapi.schema_generation import SchemaCreator
from litestar.openapi.spec import OpenAPIType, Reference, Schema
from litestar.typing import FieldDefinition

from gateway.errors import FieldFault, InvalidArgumentError
from gateway.rest.body import NOT_JSON, JsonBody, not_json, parse_body, summary

T = TypeVar("T", bound=msgspec.Struct)

# Most faults that an answer names.
FAULTS_SHOWN_MAX = 100


class JsonListBody(JsonBody[T]):
    """Decodes the `data` of a handler with `parse_list`."""

    items_max = 1_000

    @classmethod
    def create_openapi_schema(
        cls,
        field_definition: FieldDefinition,
        handler_id: str,
        schema_creator: SchemaCreator,
    ) -> Reference | Schema:
        """Return the schema of the list."""
        items = super().create_openapi_schema(field_definition, handler_id, schema_creator)
        return Schema(type=OpenAPIType.ARRAY, items=items, min_items=1, max_items=cls.items_max)

    def decode_bytes(self, value: bytes) -> Any:
        """Return the checked items."""
        return parse_list(value, self.model_type, self.items_max)


def parse_list(raw: bytes, model: type[T], items_max: int) -> list[T]:
    """Return a JSON list of 1 to `items_max` objects as structures.

    Raises:
        RuleBrokenError: not JSON.
        InvalidArgumentError: it names every field that is missing or wrong as `[index].field`.
    """
    try:
        given = msgspec.json.decode(raw, type=list[msgspec.Raw])
    except msgspec.ValidationError as error:
        raise fault_of("body", "the body must be a JSON list") from error
    except NOT_JSON as error:
        raise not_json(error) from error
    if not 1 <= len(given) <= items_max:
        raise fault_of("body", f"the body must hold 1 to {items_max} items, held {len(given)}")
    items: list[T] = []
    faults: list[FieldFault] = []
    for index, item in enumerate(given):
        try:
            items.append(parse_body(bytes(item), model))
        except InvalidArgumentError as error:
            faults += [
                FieldFault(f"[{index}].{fault.field}", fault.message, fault.allowed)
                for fault in error.faults
            ]
    refuse(faults)
    return items


def fault_of(field: str, message: str) -> InvalidArgumentError:
    """Return the error of one field."""
    return InvalidArgumentError(message, faults=(FieldFault(field, message),))


def refuse(faults: list[FieldFault]) -> None:
    """Raise InvalidArgumentError if there are faults; the first hundred are named."""
    if not faults:
        return
    shown = tuple(faults[:FAULTS_SHOWN_MAX])
    text = summary([FieldFault("", f"{fault.field}: {fault.message}") for fault in shown[:3]])
    more = f"; {len(faults) - 3} more" if len(faults) > 3 else ""  # noqa: PLR2004 - named just above
    raise InvalidArgumentError(text + more, faults=shown, details={"faults": len(faults)})
