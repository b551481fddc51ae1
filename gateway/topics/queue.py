"""Working the queue together: who takes which alert, cases, and what stays out of the queue."""

from gateway.clock import utc_now
from gateway.rest.controllers.bulk import change_alerts
from gateway.rest.controllers.cases import CaseController
from gateway.rest.controllers.queue import AssignmentController, QueueController
from gateway.rest.controllers.suppressions import SuppressionController
from gateway.services.assignment import AssignmentService
from gateway.services.bulk import BulkService
from gateway.services.case_files import CaseService
from gateway.services.suppressions import SuppressionService
from gateway.topics import work
from gateway.topics.shared import Shared, new_id
from gateway.topics.topic import Live, Topic


def _start(shared: Shared) -> Live:
    assignment = AssignmentService(
        shared.database, utc_now, login_required=shared.config.login_required
    )
    bulk = BulkService(work.alert_service(shared), assignment, work.investigation_service(shared))
    return Live(
        {
            "assignment": assignment,
            "bulk": bulk,
            "case_files": CaseService(shared.database, utc_now, new_id),
            "suppressions": SuppressionService(shared.database, utc_now, new_id),
        }
    )


TOPIC = Topic(
    handlers=(
        AssignmentController,
        CaseController,
        QueueController,
        SuppressionController,
        change_alerts,
    ),
    names=("assignment", "bulk", "case_files", "suppressions"),
    start=_start,
)
