"""What the application hands to the controllers of analytics and labels, by name and type."""

from litestar.di import NamedDependency

from gateway.services.analytics import AnalyticsService
from gateway.services.outside_labels import OutsideLabelService
from gateway.services.thresholds import ThresholdService
from gateway.services.together import Together

Analytics = NamedDependency[AnalyticsService]
OutsideLabels = NamedDependency[OutsideLabelService]
Thresholds = NamedDependency[ThresholdService]
SharedWork = NamedDependency[Together]
