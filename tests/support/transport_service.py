"""A service that does what a test tells it to, and how tests call it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
import pytest

from scoring_server.config import LimitConfig
from scoring_server.errors import FieldViolation, InvalidArgumentError
from scoring_server.rpc.transport import (
    Method,
    Pool,
    ServerStreamMethod,
    StreamMethod,
    UnaryMethod,
)
from scoring_server.telemetry.metrics import Metrics

SERVICE = "test.v1.Test"
WAIT_S = 10
LIMITS = LimitConfig(scoring_threads=2, calls_waiting_max=6, score_streams_max=3, subscribers_max=2)


class Service:
    """Methods of every kind, and what they saw."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []
        self.request_ids: list[str] = []
        self.remaining_s: list[float | None] = []
        self.blocks: list[int] = []
        self.ended = threading.Event()
        self.entered = threading.Event()
        self.release = threading.Event()
        self.sent = 0

    def methods(self) -> list[Method]:
        return [
            UnaryMethod(SERVICE, "Score", Pool.SCORING, self.unary, self.block),
            UnaryMethod(SERVICE, "ScoreBatch", Pool.SCORING, self.unary),
            UnaryMethod(SERVICE, "Admin", Pool.ADMIN, self.unary),
            ServerStreamMethod(SERVICE, "Feed", Pool.FEED, self.feed),
            ServerStreamMethod(SERVICE, "Flood", Pool.FEED, self.flood),
            StreamMethod(SERVICE, "Chat", Pool.SCORE_STREAMS, self.chat),
        ]

    def unary(self, request, call) -> bytes:
        self.seen.append(request)
        self.request_ids.append(call.request_id)
        self.remaining_s.append(call.time_remaining_s())
        if request.startswith(b"invalid"):
            raise InvalidArgumentError(
                "wrong — ünïcode % text",
                violations=(FieldViolation("field", "must be right"),),
            )
        if request == b"fault":
            raise RuntimeError("secret of the house")
        if request == b"wait":
            self.entered.set()
            assert self.release.wait(WAIT_S)
        if request == b"ended":
            call.on_end(self.ended.set)
        return request

    def block(self, requests, calls):
        self.blocks.append(len(requests))
        answers = []
        for request, call in zip(requests, calls, strict=True):
            try:
                answers.append(self.unary(request, call))
            except InvalidArgumentError as error:
                answers.append(error)
        return answers

    def feed(self, request, call) -> Iterator[bytes]:
        call.on_end(self.ended.set)
        for number in range(3):
            yield request + b"%d" % number
        if request == b"fault":
            raise RuntimeError("secret of the house")
        if request == b"invalid":
            raise InvalidArgumentError("wrong")
        if request == b"stay":
            self.entered.set()
            assert self.ended.wait(WAIT_S)
            assert not call.is_active()

    def flood(self, _request, call) -> Iterator[bytes]:
        call.on_end(self.ended.set)
        for _ in range(1_000):
            self.sent += 1
            yield bytes(100_000)

    def chat(self, requests, call) -> Iterator[bytes]:
        call.on_end(self.ended.set)
        for request in requests:
            yield request * 2
            if request == b"enough":
                return


@contextmanager
def channel_to(transport, **options):
    arguments = [(f"grpc.{name}", value) for name, value in options.items()]
    arguments.append(("grpc.use_local_subchannel_pool", 1))
    with grpc.insecure_channel(f"127.0.0.1:{transport.port}", arguments) as channel:
        yield channel


def unary(channel, name="Score"):
    return channel.unary_unary(f"/{SERVICE}/{name}")


def failure(call) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value


def counted(metrics: Metrics, name: str, method: str, code: str) -> float:
    labels = {"method": f"/{SERVICE}/{method}", "code": code}
    return metrics.registry.get_sample_value(name, labels) or 0.0
