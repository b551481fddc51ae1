"""Traces by OpenTelemetry, sent over OTLP/HTTP; imported only where traces are turned on.

Exporter, endpoint, headers and sampler are the SDK's own, by its OTEL_ variables. No span holds
anything of a transaction.
"""

import threading
from collections.abc import Sequence

from opentelemetry import propagate
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode

_CLOSE_TIMEOUT_S = 2.0


class Tracing:
    """Makes spans of calls that have ended, and sends them in the background."""

    def __init__(self, service_name: str) -> None:
        self._provider = TracerProvider(resource=Resource.create({"service.name": service_name}))
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("anomaly.scoring_server")

    def ended(
        self,
        service: str,
        method: str,
        trace_parents: Sequence[str],
        errors: Sequence[str],
        began_ns: int,
        ended_ns: int,
    ) -> None:
        """Add a span for each of the calls that were answered together.

        Args:
            service: full name of the service.
            method: its method.
            trace_parents: the traceparent of each call's caller; empty where it has none.
            errors: the name of each call's error; empty where it was answered.
            began_ns: nanoseconds since the Unix epoch.
            ended_ns: the same.
        """
        for trace_parent, error in zip(trace_parents, errors, strict=True):
            span = self._tracer.start_span(
                f"{service}/{method}",
                context=propagate.extract({"traceparent": trace_parent} if trace_parent else {}),
                kind=SpanKind.SERVER,
                start_time=began_ns,
                attributes={
                    "rpc.system": "grpc",
                    "rpc.service": service,
                    "rpc.method": method,
                    "anomaly.calls_together": len(trace_parents),
                },
            )
            if error:
                span.set_status(Status(StatusCode.ERROR, error))
            span.end(ended_ns)

    def close(self) -> None:
        """Send what is left, for a bounded time: a collector that is away must not hold us up."""
        ending = threading.Thread(target=self._provider.shutdown, daemon=True)
        ending.start()
        ending.join(_CLOSE_TIMEOUT_S)
