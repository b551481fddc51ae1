"""Wiring: from a configuration to an application that serves."""

import asyncio
import random
import secrets
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from importlib.metadata import version
from typing import Any

import structlog
from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin

from gateway.clock import monotonic_s, utc_now
from gateway.config import GatewayConfig
from gateway.db.engine import Database
from gateway.errors import GatewayError
from gateway.people_parts import PeopleParts, guard
from gateway.rest.client_address import ClientAddress
from gateway.rest.controllers.alerts import AlertController
from gateway.rest.controllers.auth import AuthController
from gateway.rest.controllers.dashboard import DashboardController
from gateway.rest.controllers.detection import DetectionController
from gateway.rest.controllers.investigations import InvestigationController
from gateway.rest.controllers.system import Health, HealthController, docs, index, openapi
from gateway.rest.controllers.users import (
    TokenController,
    UserController,
    list_access_events,
)
from gateway.rest.entry import GatewayApplication
from gateway.rest.error_responses import EXCEPTION_HANDLERS
from gateway.rest.metrics import Metrics, metrics_handler
from gateway.rest.protection import EXPOSED_HEADERS
from gateway.rest.rate_limit import RateLimit
from gateway.rest.security_description import SECURITY_COMPONENTS, security_of
from gateway.scoring.client import ScoringClient
from gateway.services.alerts import AlertService
from gateway.services.background import FeedFollower, LabelCourier
from gateway.services.dashboard import DashboardService
from gateway.services.detection import DetectionService
from gateway.services.health import HealthService
from gateway.services.ingest import Ingest, Progress
from gateway.services.investigations import InvestigationService
from gateway.services.labelling import LabelDelivery
from gateway.services.lease import Lease, holder_name

APP_NAME = "anomaly"
_BODY_SIZE_BYTES_MAX = 1024 * 1024
_EXEMPT_FROM_LIMIT = frozenset(
    {"/health", "/health/ready", "/", "/docs", "/redoc", "/openapi.json"}
)
_DESCRIPTION = (
    "Alerts, investigations and feedback over the transactions that the scoring server assesses. "
    "Times are RFC 3339"
    " in UTC, errors have error_code, message, details and request_id."
)
_log = structlog.get_logger(__name__)


class Parts:
    """Everything that lives as long as the application does; made inside its event loop."""

    def __init__(self, config: GatewayConfig) -> None:
        generator = random.Random(secrets.randbits(64))  # noqa: S311 - jitter, not a secret
        self.database = Database(config.database_url, config.database_pool_size)
        self.scoring = ScoringClient(
            config.scoring_target, config.scoring_timeout_ms / 1000, config.feed_batch_size_max
        )
        self.progress = Progress()
        self.ingest = Ingest(
            self.database,
            self.progress,
            utc_now,
            timedelta(seconds=config.fold_window_seconds),
        )
        self.lease = Lease(self.database, holder_name(), utc_now, monotonic_s)
        self.follower = FeedFollower(self.lease, self.scoring, self.ingest, generator)
        self.courier = LabelCourier(
            LabelDelivery(self.database, self.scoring, utc_now), self.lease, generator
        )
        self.alerts = AlertService(self.database, utc_now, self.courier.wake)
        self.investigations = InvestigationService(
            self.database,
            utc_now,
            new_id,
            self.courier.wake,
            require_fraud_notes=config.require_fraud_notes,
        )
        self.dashboard = DashboardService(self.database, utc_now)
        self.detection = DetectionService(
            self.database, self.scoring, self.progress, config.ingest_wait_ms / 1000
        )
        self.health = HealthService(
            self.database, self.scoring, self.lease, self.follower, self.progress
        )
        self.people = PeopleParts(config, self.database, new_id)
        self.label_backlog = 0

    async def read_backlog(self) -> None:
        """Look how many labels wait, for the figures.

        A database that is away leaves the last value.
        """
        try:
            async with self.database.read() as unit:
                self.label_backlog = await unit.outbox.backlog()
        except GatewayError as error:
            _log.warning("backlog_unknown", fault=error.message)

    async def run_beside(self) -> AsyncIterator[None]:
        """Follow the feed and deliver labels around one `yield`."""
        tasks = [
            asyncio.create_task(self.follower.run(), name="feed"),
            asyncio.create_task(self.courier.run(), name="labels"),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.scoring.close()
            await self.database.close()


def new_id(prefix: str) -> str:
    """Return a new random id with a prefix that tells what it names."""
    return f"{prefix}_{uuid.uuid4().hex}"


def build(config: GatewayConfig) -> GatewayApplication:
    """Return the application for a configuration. Nothing is opened before it starts."""
    metrics = Metrics()
    parts: dict[str, Parts] = {}

    @asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncIterator[None]:
        parts["all"] = Parts(config)
        _log.info("gateway_starts", environment=config.environment, scoring=config.scoring_target)
        if not config.login_required:
            _log.warning("anybody_on_this_machine_may_do_everything", login_required=False)
        async for _ in parts["all"].run_beside():
            yield
        _log.info("gateway_stopped")

    def part(name: str) -> Provide:
        return Provide(lambda: getattr(parts["all"], name), sync_to_thread=False)

    def people(name: str) -> Provide:
        return Provide(lambda: getattr(parts["all"].people, name), sync_to_thread=False)

    about = Health("healthy", APP_NAME, version("anomaly"), config.environment)
    handlers: list[Any] = [
        AlertController,
        InvestigationController,
        DetectionController,
        DashboardController,
        HealthController,
        AuthController,
        UserController,
        TokenController,
        list_access_events,
        index,
        docs,
        openapi,
    ]
    if config.enable_metrics:
        _gauges(metrics, parts)

        async def refresh() -> None:
            await parts["all"].read_backlog()

        handlers.append(metrics_handler(config.metrics_path, metrics, refresh))
    application = GatewayApplication(
        route_handlers=handlers,
        dependencies={
            "alerts": part("alerts"),
            "investigations": part("investigations"),
            "detection": part("detection"),
            "dashboard": part("dashboard"),
            "health": part("health"),
            "logins": people("logins"),
            "people": people("people"),
            "passwords": people("passwords"),
            "about": Provide(lambda: about, sync_to_thread=False),
            "clock": Provide(lambda: utc_now, sync_to_thread=False),
        },
        guards=[guard(config, lambda: parts["all"].people.access)],
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=[lifespan],
        cors_config=CORSConfig(
            allow_origins=list(config.cors_origins),
            allow_credentials=True,
            expose_headers=list(EXPOSED_HEADERS),
        ),
        openapi_config=OpenAPIConfig(
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
    application.watch(
        metrics,
        RateLimit(config.rate_limit_requests, config.rate_limit_window_seconds, monotonic_s),
        _EXEMPT_FROM_LIMIT | {config.metrics_path},
        ClientAddress(config.trusted_proxies),
        strict_transport=config.is_production,
    )
    return application


def _gauges(metrics: Metrics, parts: dict[str, Parts]) -> None:
    metrics.gauge(
        "gateway_feed_sequence",
        "Sequence up to which the feed is in the database",
        lambda: parts["all"].progress.position.sequence,
    )
    metrics.gauge(
        "gateway_feed_lag_events",
        "Events of the feed that are not in the database yet",
        lambda: parts["all"].progress.lag,
    )
    metrics.gauge(
        "gateway_feed_connected",
        "1 while this process receives the feed",
        lambda: parts["all"].follower.connected,
    )
    metrics.gauge(
        "gateway_label_outbox",
        "Labels that wait for the scoring server",
        lambda: parts["all"].label_backlog,
    )
