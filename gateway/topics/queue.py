"""Working the queue together: who takes which alert, many at once, and what stays out of it."""

from gateway.clock import utc_now
from gateway.rest.controllers.bulk import change_alerts
from gateway.rest.controllers.queue import AssignmentController, QueueController
from gateway.rest.controllers.suppressions import SuppressionController
from gateway.services.assignment import AssignmentService
from gateway.services.bulk import BulkService
from gateway.services.suppressions import SuppressionService
from gateway.topics import work
from gateway.topics.shared import Shared, new_id
from gateway.topics.topic import Live, Topic


def _start(shared: Shared) -> Live:
    assignment = AssignmentService(
        shared.database, utc_now, login_required=shared.config.login_required
    )
    bulk = BulkService(work.alert_service(shared), assignment, work.investigation_service(shared))
    suppressions = SuppressionService(shared.database, utc_now, new_id)
    return Live({"assignment": assignment, "bulk": bulk, "suppressions": suppressions})


TOPIC = Topic(
    handlers=(AssignmentController, QueueController, SuppressionController, change_alerts),
    names=("assignment", "bulk", "suppressions"),
    start=_start,
)
