"""Structured logs on standard error, for people or machines. Nothing personal is ever logged."""

import logging
import sys
from typing import TYPE_CHECKING

import structlog
from structlog.typing import EventDict

if TYPE_CHECKING:
    from structlog.typing import Processor


def configure_logging(level: str, log_format: str, worker: int | None = None) -> None:
    """Send our logs and those of libraries through one renderer. Called by the process's entry.

    Args:
        level: DEBUG, INFO, WARNING or ERROR.
        log_format: console or json.
        worker: said in every line of ours, where there are several.
    """

    def name_worker(_logger: object, _method: str, event: EventDict) -> EventDict:
        return event if worker is None else {**event, "worker": worker}

    shared: list[Processor] = [
        name_worker,
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    final: list[Processor]
    if log_format == "json":
        # Not structlog's dict_tracebacks: by default it writes the local variables as well.
        tracebacks = structlog.processors.ExceptionRenderer(
            structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        )
        final = [tracebacks, structlog.processors.JSONRenderer()]
    else:
        # Local variables in a traceback could be a customer's data.
        plain = structlog.dev.plain_traceback
        final = [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=plain, pad_event_to=0
            )
        ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *final],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # Numba's compiler and grpcio's internals tell nothing an operator can use below this.
    for name in ("numba", "grpc"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
