"""What analysts decided."""

from gateway.clock import utc_now
from gateway.rest.controllers.feedback import FeedbackController
from gateway.services.feedback import FeedbackCounter, FeedbackService
from gateway.topics.shared import Shared
from gateway.topics.topic import Live, Topic


def _start(shared: Shared) -> Live:
    return Live(
        {"feedback": FeedbackService(shared.database, utc_now)},
        (FeedbackCounter(shared.database).run,),
    )


TOPIC = Topic(handlers=(FeedbackController,), names=("feedback",), start=_start)
