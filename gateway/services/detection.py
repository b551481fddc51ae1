"""Scoring one payment on behalf of a REST client, and waiting until its alert can be read."""

import msgspec
import structlog

from gateway.domain.enumerations import EntityType
from gateway.domain.payment import Payment, ScoreAnswer
from gateway.services.ports import FeedWatch, ScoringServer
from gateway.services.suppression_ports import SuppressionDatabase

_log = structlog.get_logger(__name__)


class Evaluation(msgspec.Struct, frozen=True):
    """The answer to a client.

    Attributes:
        alert_id: of the alert that holds the payment, which is an older one if it was folded in;
            empty without one.
        alert_readable: whether the alert is in the database already.
        suppressed_by: id of the rule that holds the alert back; empty without one.
    """

    answer: ScoreAnswer
    alert_id: str
    alert_readable: bool
    suppressed_by: str = ""


class DetectionService:
    """The use case of POST /api/detection/evaluate."""

    def __init__(
        self, database: SuppressionDatabase, scoring: ScoringServer, feed: FeedWatch, wait_s: float
    ) -> None:
        self._database = database
        self._scoring = scoring
        self._feed = feed
        self._wait_s = wait_s

    async def evaluate(
        self, payment: Payment, entity: str, entity_type: EntityType, request_id: str
    ) -> Evaluation:
        """Score a payment.

        When it raises an alert, return once that can be read, or after a bounded wait.

        An alert that a suppression rule holds back is not raised. One that is raised is shown under
        the entity that the client named. The same payment again gets the same answer.

        Raises:
            InvalidArgumentError, ConflictError, ResourceExhaustedError, UnavailableError: as
                ScoringServer.score.
        """
        answer = await self._scoring.score(payment, request_id)
        if not answer.alert_id:
            return Evaluation(answer, "", alert_readable=True)
        if not await self._feed.wait_for(answer.sequence, self._wait_s):
            _log.warning(
                "alert_not_yet_readable", alert_id=answer.alert_id, sequence=answer.sequence
            )
            return Evaluation(answer, answer.alert_id, alert_readable=False)
        async with self._database.read() as unit:
            rule = await unit.suppressions.suppressing(answer.transaction_id)
            alert = None if rule else await unit.alerts.get(answer.alert_id)
        if rule:
            return Evaluation(answer, "", alert_readable=True, suppressed_by=rule)
        if alert is None:
            return Evaluation(answer, answer.alert_id, alert_readable=False)
        raised_by_this = alert.alert_id == answer.alert_id
        if raised_by_this and (alert.entity, alert.entity_type) != (entity, entity_type):
            async with self._database.write() as unit:
                await unit.alerts.name_entity(alert.alert_id, entity, entity_type)
        return Evaluation(answer, alert.alert_id, alert_readable=True)
