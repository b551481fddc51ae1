"""Alerts, investigations, the dashboard and scoring through the gateway."""

from gateway.clock import utc_now
from gateway.rest.controllers.alerts import AlertController
from gateway.rest.controllers.dashboard import DashboardController
from gateway.rest.controllers.detection import DetectionController
from gateway.rest.controllers.investigations import InvestigationController
from gateway.rest.controllers.system import HealthController, docs, openapi
from gateway.services.alerts import AlertService
from gateway.services.dashboard import DashboardService
from gateway.services.detection import DetectionService
from gateway.services.health import HealthService
from gateway.services.investigations import InvestigationService
from gateway.topics.shared import Shared, new_id
from gateway.topics.topic import Live, Topic


def _start(shared: Shared) -> Live:
    config = shared.config
    return Live(
        {
            "alerts": alert_service(shared),
            "investigations": investigation_service(shared),
            "dashboard": DashboardService(shared.database, utc_now),
            "detection": DetectionService(
                shared.database, shared.scoring, shared.progress, config.ingest_wait_ms / 1000
            ),
            "health": HealthService(
                shared.database, shared.scoring, shared.lease, shared.follower, shared.progress
            ),
        }
    )


def alert_service(shared: Shared) -> AlertService:
    """Return what reads and moves alerts."""
    return AlertService(shared.database, utc_now, shared.courier.wake)


def investigation_service(shared: Shared) -> InvestigationService:
    """Return what decides alerts."""
    return InvestigationService(
        shared.database,
        utc_now,
        new_id,
        shared.courier.wake,
        require_fraud_notes=shared.config.require_fraud_notes,
    )


TOPIC = Topic(
    handlers=(
        AlertController,
        InvestigationController,
        DetectionController,
        DashboardController,
        HealthController,
        docs,
        openapi,
    ),
    names=("alerts", "investigations", "dashboard", "detection", "health"),
    start=_start,
)
