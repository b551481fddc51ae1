"""What the application hands to the controllers, by name and type."""

from collections.abc import Callable
from datetime import datetime

from litestar.di import NamedDependency
from litestar.params import FromPath

from gateway.services.alerts import AlertService
from gateway.services.dashboard import DashboardService
from gateway.services.detection import DetectionService
from gateway.services.health import HealthService
from gateway.services.investigations import InvestigationService

Alerts = NamedDependency[AlertService]
Investigations = NamedDependency[InvestigationService]
Detection = NamedDependency[DetectionService]
Dashboard = NamedDependency[DashboardService]
HealthChecks = NamedDependency[HealthService]
Clock = NamedDependency[Callable[[], datetime]]

AlertId = FromPath[str]
