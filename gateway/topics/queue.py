"""Working the queue together: who takes which alert, and many at once."""

from gateway.clock import utc_now
from gateway.rest.controllers.bulk import change_alerts
from gateway.rest.controllers.queue import AssignmentController, QueueController
from gateway.services.assignment import AssignmentService
from gateway.services.bulk import BulkService
from gateway.topics import work
from gateway.topics.shared import Shared
from gateway.topics.topic import Live, Topic


def _start(shared: Shared) -> Live:
    assignment = AssignmentService(
        shared.database, utc_now, login_required=shared.config.login_required
    )
    bulk = BulkService(work.alert_service(shared), assignment, work.investigation_service(shared))
    return Live({"assignment": assignment, "bulk": bulk})


TOPIC = Topic(
    handlers=(AssignmentController, QueueController, change_alerts),
    names=("assignment", "bulk"),
    start=_start,
)
