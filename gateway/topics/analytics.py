"""Analytics, and labels from outside: how well scores do, by what is known of transactions."""

from gateway.clock import monotonic_s, utc_now
from gateway.rest.controllers.analytics import AnalyticsController
from gateway.rest.controllers.labels import LabelController
from gateway.rest.controllers.thresholds import list_thresholds
from gateway.services.analytics import AnalyticsService
from gateway.services.outside_labels import OutsideLabelService
from gateway.services.thresholds import ThresholdService
from gateway.services.together import Together
from gateway.topics.shared import Shared, new_id
from gateway.topics.topic import Live, Topic


def _start(shared: Shared) -> Live:
    return Live(
        {
            "analytics": AnalyticsService(shared.database, utc_now, monotonic_s),
            "thresholds": ThresholdService(shared.database, utc_now, shared.config.alert_threshold),
            "together": Together(),
            "labels": OutsideLabelService(shared.database, utc_now, new_id, shared.courier.wake),
        }
    )


TOPIC = Topic(
    handlers=(AnalyticsController, LabelController, list_thresholds),
    names=("analytics", "labels", "thresholds", "together"),
    start=_start,
)
