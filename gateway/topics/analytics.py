"""Analytics: how well scores and alerts do, by what is known of the transactions."""

from gateway.clock import monotonic_s, utc_now
from gateway.rest.controllers.analytics import AnalyticsController
from gateway.services.analytics import AnalyticsService
from gateway.topics.shared import Shared
from gateway.topics.topic import Live, Topic


def _start(shared: Shared) -> Live:
    return Live({"analytics": AnalyticsService(shared.database, utc_now, monotonic_s)})


TOPIC = Topic(handlers=(AnalyticsController,), names=("analytics",), start=_start)
