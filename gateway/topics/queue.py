"""Working the queue together: who takes which alert."""

from gateway.clock import utc_now
from gateway.rest.controllers.queue import AssignmentController, QueueController
from gateway.services.assignment import AssignmentService
from gateway.topics.shared import Shared
from gateway.topics.topic import Live, Topic


def _start(shared: Shared) -> Live:
    return Live(
        {
            "assignment": AssignmentService(
                shared.database, utc_now, login_required=shared.config.login_required
            )
        }
    )


TOPIC = Topic(
    handlers=(AssignmentController, QueueController),
    names=("assignment",),
    start=_start,
)
