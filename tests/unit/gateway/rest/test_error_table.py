"""Every error of the gateway has a status."""

from collections.abc import Iterator

from gateway.errors import GatewayError
from gateway.rest.error_responses import STATUS_BY_ERROR, status_of


def subclasses(kind: type[GatewayError]) -> Iterator[type[GatewayError]]:
    for child in kind.__subclasses__():
        yield child
        yield from subclasses(child)


def test_every_error_is_mapped() -> None:
    kinds = list(subclasses(GatewayError))
    assert len(kinds) > 8
    for kind in kinds:
        assert any(base in STATUS_BY_ERROR for base in kind.__mro__), kind


def test_unknown_error_is_internal() -> None:
    assert status_of(GatewayError("x")) == 500
