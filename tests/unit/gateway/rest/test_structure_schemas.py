import typing
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import jsonschema_rs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gateway.app  # noqa: F401 - it brings all structures
from gateway.errors import InvalidArgumentError
from gateway.rest.body import parse_body
from gateway.rest.structure_schemas import JSON_SCHEMA, schemas_of, structures_below

_TEXTS = st.text(st.sampled_from("ab\n\x00Z9"), max_size=5)


class Kind(StrEnum):
    """A kind."""

    SECOND = "SECOND"
    FIRST = "FIRST"


class Inner(msgspec.Struct):
    """Within."""

    at: datetime


class Sample(msgspec.Struct):
    """Of everything.

    It goes on.
    """

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=3, pattern=r"^[a-z]*\Z")]
    kind: Kind | None = None
    share: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    count: Annotated[int, msgspec.Meta(ge=1)] = 7
    times: list[datetime] = []
    inner: Inner | None = None
    told: Annotated[str, msgspec.Meta(extra={JSON_SCHEMA: {"const": "as told"}})] = ""


class Sparse(msgspec.Struct, omit_defaults=True):
    """Leaves things out."""

    always: int
    at_times: str | msgspec.UnsetType = msgspec.UNSET


def schemas(*requests: str) -> dict[str, Any]:
    return schemas_of([Sample, Inner, Sparse], frozenset(requests))


def test_schema_has_bounds_within_alternatives() -> None:
    properties = schemas()["Sample"]["properties"]
    assert properties["share"] == {
        "anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "null"}],
        "default": None,
    }
    assert properties["kind"]["anyOf"][0] == {"$ref": "#/components/schemas/Kind"}
    assert properties["told"] == {"const": "as told", "default": ""}
    assert properties["times"]["items"] == {"type": "string", "format": "date-time"}


def test_enumeration_keeps_its_order() -> None:
    assert schemas()["Kind"]["enum"] == ["SECOND", "FIRST"]


def test_null_stands_for_absent_in_requests_only() -> None:
    assert schemas()["Sample"]["properties"]["count"]["type"] == "integer"
    asked = schemas("Sample")["Sample"]
    assert {"type": "null"} in asked["properties"]["count"]["anyOf"]
    assert asked["required"] == ["text"]


def test_answer_has_every_field_that_is_always_sent() -> None:
    assert set(schemas()["Sample"]["required"]) == set(Sample.__struct_fields__)
    assert schemas()["Sparse"]["required"] == ["always"]


def test_description_is_the_docstring_without_its_indentation() -> None:
    assert schemas()["Sample"]["description"] == "Of everything.\n\nIt goes on."


@given(
    st.fixed_dictionaries(
        {"text": _TEXTS},
        optional={
            "count": st.none() | st.integers(-1, 3) | st.sampled_from([2.0, 2.5, 0.0]),
            "share": st.none() | st.floats(-0.5, 1.5),
            "kind": st.none() | st.sampled_from(["FIRST", "THIRD"]),
        },
    )
)
def test_schema_allows_what_the_decoder_takes(body: dict[str, Any]) -> None:
    found = schemas("Sample")
    root = found["Sample"] | {"components": {"schemas": found}}
    root = msgspec.json.decode(msgspec.json.encode(root).replace(rb"\\Z", b"$"))
    allowed = jsonschema_rs.Draft202012Validator(root).is_valid(body)
    try:
        parse_body(msgspec.json.encode(body), Sample)
        taken = True
    except InvalidArgumentError:
        taken = False
    assert taken is allowed


def patterns(annotation: Any) -> Iterator[str]:
    for meta in getattr(annotation, "__metadata__", ()):
        if isinstance(meta, msgspec.Meta) and meta.pattern:
            yield meta.pattern
    for inner in typing.get_args(annotation):
        yield from patterns(inner)


@pytest.mark.parametrize("name", sorted(structures_below("gateway.rest")))
def test_no_pattern_lets_a_last_newline_through(name: str) -> None:
    structure = structures_below("gateway.rest")[name]
    for field in msgspec.structs.fields(structure):
        bad = [each for each in patterns(field.type) if each.endswith("$")]
        assert not bad, r"write \Z: $ also matches before a newline at the end"
