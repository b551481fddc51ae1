"""What analysts decided, and whole lists as files."""

from gateway.clock import utc_now
from gateway.rest.controllers.exports import export_alerts, export_feedback
from gateway.rest.controllers.feedback import FeedbackController
from gateway.services.alerts import AlertService
from gateway.services.exports import ExportService
from gateway.services.feedback import FeedbackCounter, FeedbackService
from gateway.topics.shared import Shared
from gateway.topics.topic import Live, Topic


def _start(shared: Shared) -> Live:
    feedback = FeedbackService(shared.database, utc_now)
    alerts = AlertService(shared.database, utc_now, shared.courier.wake)
    return Live(
        {"feedback": feedback, "exports": ExportService(alerts, feedback)},
        (FeedbackCounter(shared.database).run,),
    )


TOPIC = Topic(
    handlers=(FeedbackController, export_alerts, export_feedback),
    names=("feedback", "exports"),
    start=_start,
)
