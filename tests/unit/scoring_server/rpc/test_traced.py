import pytest

from scoring_server.errors import InvalidArgumentError
from scoring_server.rpc.traced import traced
from scoring_server.rpc.transport import Pool, StreamMethod, UnaryMethod


class Call:
    request_id = ""

    def __init__(self, trace_parent: str) -> None:
        self.trace_parent = trace_parent

    def is_active(self) -> bool:
        return True

    def time_remaining_s(self) -> float | None:
        return None

    def on_end(self, callback) -> None:
        raise NotImplementedError


class Tracer:
    def __init__(self) -> None:
        self.ends = []

    def ended(self, service, method, trace_parents, errors, began_ns, ended_ns) -> None:
        assert began_ns <= ended_ns
        self.ends.append((f"{service}/{method}", list(trace_parents), list(errors)))


def answer(request: bytes, _call) -> bytes:
    if request == b"bad":
        raise InvalidArgumentError("bad")
    return request + b"!"


def answer_block(requests, calls):
    if b"worse" in requests:
        raise ValueError
    return [InvalidArgumentError("bad") if each == b"bad" else each + b"!" for each in requests]


SCORE = UnaryMethod("s", "Score", Pool.SCORING, answer, answer_block)


def test_answers_and_errors_stay_as_they_are_and_each_call_has_its_span() -> None:
    tracer = Tracer()
    (method,) = traced([SCORE], tracer)
    assert isinstance(method, UnaryMethod)
    assert method.block_behavior is not None
    assert method.behavior(b"a", Call("p1")) == b"a!"
    with pytest.raises(InvalidArgumentError):
        method.behavior(b"bad", Call(""))
    answers = method.block_behavior([b"a", b"bad"], [Call("p2"), Call("p3")])
    assert answers[0] == b"a!"
    assert isinstance(answers[1], InvalidArgumentError)
    with pytest.raises(ValueError, match=r"^$"):
        method.block_behavior([b"worse"], [Call("p4")])
    assert tracer.ends == [
        ("s/Score", ["p1"], [""]),
        ("s/Score", [""], ["InvalidArgumentError"]),
        ("s/Score", ["p2", "p3"], ["", "InvalidArgumentError"]),
        ("s/Score", ["p4"], ["ValueError"]),
    ]


def test_other_methods_are_left_alone() -> None:
    others = [
        UnaryMethod("s", "Health", Pool.ADMIN, answer),
        StreamMethod("s", "ScoreStream", Pool.SCORE_STREAMS, lambda requests, _: requests),
    ]
    assert traced(others, Tracer()) == others
    (method,) = traced([UnaryMethod("s", "ScoreBatch", Pool.SCORING, answer)], Tracer())
    assert isinstance(method, UnaryMethod)
    assert method.block_behavior is None
