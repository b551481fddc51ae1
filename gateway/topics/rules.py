"""User rules: what they say, what others would do, and changing them."""

from gateway.clock import utc_now
from gateway.rest.controllers.rules import RuleController
from gateway.services.rules import RuleService
from gateway.topics.shared import Shared
from gateway.topics.topic import Live, Topic


def _start(shared: Shared) -> Live:
    return Live({"rules": RuleService(shared.scoring.rules, shared.database, utc_now)})


TOPIC = Topic(handlers=(RuleController,), names=("rules",), start=_start)
