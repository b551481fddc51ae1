"""Models: which ones score, and changing that."""

from gateway.clock import utc_now
from gateway.rest.controllers.models import ModelController
from gateway.services.models import ModelService
from gateway.topics.shared import Shared
from gateway.topics.topic import Live, Topic


def _start(shared: Shared) -> Live:
    return Live({"models": ModelService(shared.scoring.models, shared.database, utc_now)})


TOPIC = Topic(handlers=(ModelController,), names=("models",), start=_start)
