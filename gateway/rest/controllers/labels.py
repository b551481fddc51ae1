"""Labels from outside: chargebacks, customers and others say what a transaction was."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from litestar import Controller, Request, get, post
from litestar.openapi.spec import (
    OpenAPIMediaType,
    OpenAPIType,
    Operation,
    RequestBody,
    Schema,
)
from litestar.params import FromPath, JSONBody

from gateway.domain.enumerations import LabelValue
from gateway.domain.outside_labels import FILE_SIZE_BYTES_MAX, OutsideLabel
from gateway.domain.transaction import LIVE_SKEW_MAX
from gateway.errors import FieldFault
from gateway.rest.body_list import JsonListBody, refuse
from gateway.rest.error_responses import RESPONSES
from gateway.rest.label_file import parse_file
from gateway.rest.schemas import labels as bodies
from gateway.rest.schemas.labels import NewLabel
from gateway.rest.session import analyst_of
from gateway.rest.wiring import Clock
from gateway.rest.wiring_analytics import OutsideLabels

# The protocol's first instant of a label.
_KNOWN_MIN = datetime(1970, 1, 2, tzinfo=UTC)


@dataclass
class _TakesCsv(Operation):
    """Describes the body of an operation that reads it as it comes."""

    def __post_init__(self) -> None:
        content = {"text/csv": OpenAPIMediaType(Schema(type=OpenAPIType.STRING))}
        self.request_body = RequestBody(content, required=True)


class LabelController(Controller):
    """Paths below /api/labels."""

    path = "/api/labels"
    tags = ("labels",)

    @post(
        status_code=200,
        dto=JsonListBody[NewLabel],
        return_dto=None,
        responses=RESPONSES,
        operation_id="report_labels",
        summary="Say what transactions were",
    )
    async def report_labels(
        self, labels: OutsideLabels, clock: Clock, data: JSONBody[list[NewLabel]]
    ) -> bodies.LabelsTakenEnvelope:
        """Take 1 to 1,000 labels in, all or none. A transaction need not be known yet."""
        places = [f"[{index}]" for index in range(len(data))]
        taken = await labels.report(
            _outside(data, places, clock()),
            analyst_of(None),
            [f"{each}.reference" for each in places],
        )
        return bodies.LabelsTakenEnvelope(
            bodies.LabelsTaken(taken.accepted, taken.repeated, taken.label_ids)
        )

    @post(
        "/csv",
        status_code=200,
        request_max_body_size=FILE_SIZE_BYTES_MAX,
        responses=RESPONSES,
        operation_id="report_label_file",
        operation_class=_TakesCsv,
        summary="Say what transactions were, in a file",
    )
    async def report_label_file(
        self, request: Request[Any, Any, Any], labels: OutsideLabels, clock: Clock
    ) -> bodies.LabelFileTakenEnvelope:
        """Take a CSV file of labels in, of at most 10 MiB and 50,000 rows.

        The first line names the columns: transaction_id, value, source, known_time and, if wanted,
        reference. Nothing is taken in unless every row is right; wrong cells are named by line and
        column. A file may be sent again: rows that were taken in before change nothing.
        """
        raw = bytearray()
        async for chunk in request.stream():
            raw += chunk
        # Reading a large file takes a while; others are answered meanwhile.
        rows, places = await asyncio.to_thread(parse_file, bytes(raw))
        taken = await labels.report(
            _outside(rows, [f"{each}, " for each in places], clock()), analyst_of(None), places
        )
        return bodies.LabelFileTakenEnvelope(
            bodies.LabelFileTaken(len(rows), taken.accepted, taken.repeated)
        )

    @get(
        "/{transaction_id:str}",
        responses=RESPONSES,
        operation_id="get_labels",
        summary="What was said about a transaction",
    )
    async def get_labels(
        self, labels: OutsideLabels, transaction_id: FromPath[str]
    ) -> bodies.LabelHistoryEnvelope:
        """Return everything that was said, by the time it was known; the last one counts."""
        said = await labels.said(transaction_id)
        standing = said.standing
        counts = standing is not None and standing.value is not LabelValue.WITHDRAWN
        return bodies.LabelHistoryEnvelope(
            bodies.LabelHistoryBody(
                transaction_id,
                standing.value if standing and counts else None,
                standing.since_time if standing and counts else None,
                standing is None or standing.facts is not None,
                [
                    bodies.LabelBody(
                        report.label_id,
                        report.value,
                        report.source,
                        report.known_time,
                        report.reported_time,
                        report.reported_by,
                        report.reference,
                    )
                    for report in said.history
                ],
            )
        )


def _outside(
    labels: Sequence[NewLabel], places: Sequence[str], now: datetime
) -> list[OutsideLabel]:
    """Return labels as the services take them.

    Raises:
        InvalidArgumentError: it names every label that is known only in the future.
    """
    faults = []
    latest = now + LIVE_SKEW_MAX
    for label, place in zip(labels, places, strict=True):
        known = label.known_time
        if known is not None and not _KNOWN_MIN <= known <= latest:
            field = f"{place}known_time" if place.endswith(" ") else f"{place}.known_time"
            message = f"known_time must be from 1970-01-02 to now, was {known.isoformat()}"
            faults.append(FieldFault(field, message))
    refuse(faults)
    return [
        OutsideLabel(
            label.transaction_id,
            label.value,
            label.source,
            label.known_time and label.known_time.astimezone(UTC),
            label.reference or "",
        )
        for label in labels
    ]
