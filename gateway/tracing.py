"""Traces by OpenTelemetry, sent over OTLP/HTTP.

Imported only where traces are turned on. Spans are made by hand: the busiest reads run without
SQLAlchemy between, and our requests enter in front of the framework, so that the instrumentations
of either would miss them. Exporter, endpoint, headers and sampler are the SDK's own, by its OTEL_
variables. No span holds an address, a name, a value of a statement, or a path with its values.
"""

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode

from gateway.spans import Finish

_CLOSE_TIMEOUT_S = 2.0
_TEXT_LENGTH_MAX = 2000
_SERVER_ERROR = 500
_PROPAGATED = (b"traceparent", b"tracestate")


class Tracing:
    """Makes spans and sends them in the background; implements spans.Spans."""

    def __init__(self, service_name: str) -> None:
        self._provider = TracerProvider(resource=Resource.create({"service.name": service_name}))
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("anomaly.gateway")

    @contextmanager
    def request(
        self, method: str, headers: Iterable[tuple[bytes, bytes]], request_id: str
    ) -> Iterator[Finish]:
        """Open the span of a request; it continues the trace that its headers name."""
        carrier = {
            name.decode("ascii"): value.decode("latin-1")
            for name, value in headers
            if name in _PROPAGATED
        }
        with self._tracer.start_as_current_span(
            method,
            context=propagate.extract(carrier),
            kind=SpanKind.SERVER,
            attributes={"http.request.method": method, "anomaly.request_id": request_id},
        ) as span:

            def finish(route: str, status: int) -> None:
                span.update_name(f"{method} {route}")
                span.set_attributes({"http.route": route, "http.response.status_code": status})
                if status >= _SERVER_ERROR:
                    span.set_status(Status(StatusCode.ERROR))

            yield finish

    @contextmanager
    def call(self, service: str, method: str) -> Iterator[tuple[tuple[str, str], ...]]:
        """Open the span of a gRPC call; the block gets metadata that lets the server continue."""
        with self._tracer.start_as_current_span(
            f"{service}/{method}",
            kind=SpanKind.CLIENT,
            attributes={"rpc.system": "grpc", "rpc.service": service, "rpc.method": method},
            # Its message may name what was sent.
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            carrier: dict[str, str] = {}
            propagate.inject(carrier)
            try:
                yield tuple(carrier.items())
            except BaseException:
                span.set_status(Status(StatusCode.ERROR))
                raise

    def statement(self, kind: str, text: str, seconds: float) -> None:
        """Add the span of a statement that has just ended, if it belongs to a request."""
        if not trace.get_current_span().is_recording():
            return
        ended_ns = time.time_ns()
        span = self._tracer.start_span(
            f"database {kind}",
            kind=SpanKind.CLIENT,
            start_time=ended_ns - int(seconds * 1e9),
            attributes={
                "db.operation.name": kind,
                # With places of parameters, never their values.
                "db.query.text": " ".join(text[:_TEXT_LENGTH_MAX].split()),
            },
        )
        span.end(ended_ns)

    def close(self) -> None:
        """Send what is left, for a bounded time: a collector that is away must not hold us up."""
        ending = threading.Thread(target=self._provider.shutdown, daemon=True)
        ending.start()
        ending.join(_CLOSE_TIMEOUT_S)
