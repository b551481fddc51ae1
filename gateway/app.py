"""Wiring: from a configuration to an application that serves."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any, TypeVar

import structlog
from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.di import Provide
from litestar.openapi.plugins import JsonRenderPlugin

from gateway.clock import monotonic_s, utc_now
from gateway.config import GatewayConfig
from gateway.errors import GatewayError
from gateway.rest.client_address import ClientAddress
from gateway.rest.controllers.system import Health
from gateway.rest.description import DescriptionConfig
from gateway.rest.entry import GatewayApplication
from gateway.rest.error_responses import EXCEPTION_HANDLERS
from gateway.rest.known_callers import KnownCallers
from gateway.rest.metrics import Metrics, metrics_handler
from gateway.rest.null_character import refuse_null_character
from gateway.rest.protection import EXPOSED_HEADERS
from gateway.rest.query import refuse_null
from gateway.rest.rate_limit import RateLimit
from gateway.rest.security_description import SECURITY_COMPONENTS, security_of
from gateway.spans import Spans
from gateway.topics import (
    analytics,
    console,
    feedback,
    live,
    models,
    people,
    queue,
    records,
    retention,
    rules,
    webhooks,
    work,
)
from gateway.topics.shared import Shared, Task
from gateway.topics.topic import Topic

T = TypeVar("T")

APP_NAME = "anomaly"
TOPICS: tuple[Topic, ...] = (
    work.TOPIC,
    people.TOPIC,
    queue.TOPIC,
    feedback.TOPIC,
    live.TOPIC,
    models.TOPIC,
    rules.TOPIC,
    records.TOPIC,
    analytics.TOPIC,
    webhooks.TOPIC,
    retention.TOPIC,
    console.TOPIC,
)
_BODY_SIZE_BYTES_MAX = 1024 * 1024
_EXEMPT_FROM_LIMIT = frozenset({"/health", "/health/ready", "/docs", "/redoc", "/openapi.json"})
_DESCRIPTION = (
    "Alerts, investigations and feedback over the transactions that the scoring server assesses. "
    "Times are RFC 3339"
    " in UTC, errors have error_code, message, details and request_id."
)
_log = structlog.get_logger(__name__)


class Parts:
    """What lives as long as the application does; made inside its event loop."""

    def __init__(self, config: GatewayConfig, metrics: Metrics, spans: Spans | None) -> None:
        self.shared = Shared(config, metrics.statement, spans)
        self.services: dict[str, Any] = {}
        self.tasks: list[Task] = []
        self._refresh: list[Task] = [self.read_backlog]
        for topic in TOPICS:
            live = topic.start(self.shared)
            self.services.update(live.services)
            self.tasks += live.tasks
            self._refresh += live.refresh
        self.label_backlog = 0

    async def refresh(self) -> None:
        """Look up what figures tell that nobody keeps at hand."""
        for look in self._refresh:
            await look()

    async def read_backlog(self) -> None:
        """Look how many labels wait, for the figures.

        A database that is away leaves the last value.
        """
        try:
            async with self.shared.database.read() as unit:
                self.label_backlog = await unit.outbox.backlog()
        except GatewayError as error:
            _log.warning("backlog_unknown", fault=error.message)


def build(config: GatewayConfig) -> GatewayApplication:
    """Return the application for a configuration. Nothing is opened before it starts."""
    metrics = Metrics()
    known_callers = KnownCallers()
    spans = _spans(config)
    parts: dict[str, Parts] = {}

    @asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncIterator[None]:
        parts["all"] = Parts(config, metrics, spans)
        _log.info("gateway_starts", environment=config.environment, scoring=config.scoring_target)
        if not config.login_required:
            _log.warning("anybody_on_this_machine_may_do_everything", login_required=False)
        async for _ in parts["all"].shared.run_beside(parts["all"].tasks):
            yield
        if spans is not None:
            await asyncio.to_thread(spans.close)
        _log.info("gateway_stopped")

    def service(name: str) -> Provide:
        return Provide(lambda: parts["all"].services[name], sync_to_thread=False)

    about = Health("healthy", APP_NAME, version("anomaly"), config.environment)
    handlers = [handler for topic in TOPICS for handler in topic.handlers]
    if config.enable_metrics:
        _gauges(metrics, parts)

        async def refresh() -> None:
            await parts["all"].refresh()

        handlers.append(metrics_handler(config.metrics_path, metrics, refresh))
    application = GatewayApplication(
        route_handlers=handlers,
        dependencies={name: service(name) for topic in TOPICS for name in topic.names}
        | {
            "about": Provide(lambda: about, sync_to_thread=False),
            "clock": Provide(lambda: utc_now, sync_to_thread=False),
        },
        guards=[
            refuse_null_character,
            people.guard(config, lambda: parts["all"].services["access"], known_callers),
        ],
        before_request=refuse_null,
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=[lifespan],
        cors_config=CORSConfig(
            allow_origins=list(config.cors_origins),
            allow_credentials=True,
            expose_headers=list(EXPOSED_HEADERS),
        ),
        openapi_config=DescriptionConfig(
            title="anomaly gateway",
            version=version("anomaly"),
            description=_DESCRIPTION,
            path="/schema",
            components=SECURITY_COMPONENTS,
            security=security_of(login_required=config.login_required),
            render_plugins=[JsonRenderPlugin()],
        ),
        request_max_body_size=_BODY_SIZE_BYTES_MAX,
        logging_config=None,
        debug=False,
    )
    application.provide_one_by_one()
    application.watch(
        metrics,
        RateLimit(config.rate_policies, monotonic_s),
        _EXEMPT_FROM_LIMIT | console.unlimited_paths() | {config.metrics_path},
        known_callers,
        ClientAddress(config.trusted_proxies),
        spans,
        strict_transport=config.is_production,
    )

    def before_stop() -> None:
        if "all" in parts:
            parts["all"].shared.stopping.set()

    application.before_stop = before_stop
    return application


def _spans(config: GatewayConfig) -> Spans | None:
    if not config.tracing_name:
        return None
    # Half a second that nobody waits for who wants no traces.
    from gateway.tracing import Tracing  # noqa: PLC0415

    return Tracing(config.tracing_name)


def _read_from(parts: dict[str, Parts], read: Callable[[Mapping[str, Any]], T]) -> Callable[[], T]:
    return lambda: read(parts["all"].services)


def _gauges(metrics: Metrics, parts: dict[str, Parts]) -> None:
    for topic in TOPICS:
        for each in topic.gauges:
            metrics.gauge(
                each.name,
                each.description,
                _read_from(parts, each.read),
            )
        for tally in topic.tallies:
            metrics.tally(tally.name, tally.description, tally.label, _read_from(parts, tally.read))
    metrics.gauge(
        "gateway_database_connections_in_use",
        "Connections of this process to the database that are in use",
        lambda: parts["all"].shared.database.connections[0],
    )
    metrics.gauge(
        "gateway_database_connections_waiting",
        "Transactions of this process that wait for a connection",
        lambda: parts["all"].shared.database.connections[1],
    )
    metrics.gauge(
        "gateway_feed_sequence",
        "Sequence up to which the feed is in the database",
        lambda: parts["all"].shared.progress.position.sequence,
    )
    metrics.gauge(
        "gateway_feed_lag_events",
        "Events of the feed that are not in the database yet",
        lambda: parts["all"].shared.progress.lag,
    )
    metrics.gauge(
        "gateway_feed_connected",
        "1 while this process receives the feed",
        lambda: parts["all"].shared.follower.connected,
    )
    metrics.gauge(
        "gateway_label_outbox",
        "Labels that wait for the scoring server",
        lambda: parts["all"].label_backlog,
    )
