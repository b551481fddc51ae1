"""What the application hands to the controllers of analytics, by name and type."""

from litestar.di import NamedDependency

from gateway.services.analytics import AnalyticsService

Analytics = NamedDependency[AnalyticsService]
