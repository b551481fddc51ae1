import grpc
import pytest
from google.rpc import error_details_pb2

from scoring_server import errors
from scoring_server.errors import FieldViolation, ScoringError
from scoring_server.rpc.status import CODE_BY_ERROR, INTERNAL_MESSAGE, code_of, status_of


def subclasses(kind: type) -> set[type]:
    direct = set(kind.__subclasses__())
    return direct.union(*(subclasses(each) for each in direct))


def detail(status, kind):
    for packed in status.details:
        found = kind()
        if packed.Unpack(found):
            return found
    return None


def test_every_error_has_a_code_of_its_own_or_of_its_base():
    own = {kind for kind in subclasses(ScoringError) if kind.__module__ == errors.__name__}
    assert own == set(CODE_BY_ERROR)
    for kind in subclasses(ScoringError):
        assert any(base in CODE_BY_ERROR for base in kind.__mro__), kind


@pytest.mark.parametrize("kind", sorted(CODE_BY_ERROR, key=lambda kind: kind.__name__))
def test_status_carries_message_and_reason_unless_internal(kind):
    status = status_of(kind("what was wrong", reason="SOME_REASON", metadata={"a": "b"}))
    info = detail(status, error_details_pb2.ErrorInfo)
    assert info.domain == "anomaly"
    if code_of(kind("x")) is grpc.StatusCode.INTERNAL:
        assert status.message == INTERNAL_MESSAGE
        assert info.reason == "INTERNAL"
        assert not info.metadata
    else:
        assert status.message == "what was wrong"
        assert info.reason == "SOME_REASON"
        assert dict(info.metadata) == {"a": "b"}


def test_unexpected_errors_tell_a_client_nothing():
    status = status_of(RuntimeError("password=hunter2"))
    assert status.code == grpc.StatusCode.INTERNAL.value[0]
    assert "hunter2" not in str(status)


def test_bad_fields_are_all_named():
    violations = (FieldViolation("a.b", "must be c"), FieldViolation("d", "must be e"))
    status = status_of(errors.InvalidArgumentError("bad", violations=violations))
    request = detail(status, error_details_pb2.BadRequest)
    assert [(v.field, v.description) for v in request.field_violations] == [
        ("a.b", "must be c"),
        ("d", "must be e"),
    ]


def test_overload_says_when_to_try_again():
    status = status_of(errors.ResourceExhaustedError("too much", retry_after_s=0.25))
    retry = detail(status, error_details_pb2.RetryInfo)
    assert retry.retry_delay.ToNanoseconds() == 250_000_000
