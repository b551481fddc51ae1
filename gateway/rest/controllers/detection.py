"""Scoring a payment over REST."""

import time
from typing import Any

from litestar import Controller, Request, post
from litestar.params import JSONBody

from gateway.rest import views
from gateway.rest.body import JsonBody
from gateway.rest.error_responses import RESPONSES
from gateway.rest.payments import payment_of
from gateway.rest.schemas.detection import EvaluateBody, EvaluationEnvelope
from gateway.rest.wiring import Detection


class DetectionController(Controller):
    """Paths below /api/detection."""

    path = "/api/detection"
    tags = ("detection",)

    @post(
        "/evaluate",
        status_code=200,
        dto=JsonBody[EvaluateBody],
        return_dto=None,
        responses=RESPONSES,
        operation_id="evaluate",
        summary="Score a payment",
    )
    async def evaluate(
        self, request: Request[Any, Any, Any], detection: Detection, data: JSONBody[EvaluateBody]
    ) -> EvaluationEnvelope:
        """Score a payment; an alert that it raises can be read when this returns.

        Safe to repeat.
        """
        started_ns = time.perf_counter_ns()
        result = await detection.evaluate(
            payment_of(data), data.entity_id, data.entity_type, request.scope["state"]["request_id"]
        )
        return EvaluationEnvelope(
            views.evaluation(result, (time.perf_counter_ns() - started_ns) / 1e6)
        )
